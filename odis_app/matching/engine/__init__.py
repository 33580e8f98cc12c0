"""The matching engine: hard constraints, score, shortlist and their explanation.

Pure NumPy: no database, no Flask, nothing of the application. It proposes; a person decides.

`codes` names the hard constraints, `policy` the weights, `facts` holds households and offers in columns,
`constraints` says which codes a pair fails (a bit mask, in blocks of households), `score` rates pairs,
`shortlist` ranks the offers of one household or the households of one offer, `explain` says it in French.
"""
