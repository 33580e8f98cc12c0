"""What runs apart from the pages: queues, schedule, worker, scheduler, reconciler, and one thin file per domain."""
