/* Passkeys: the browser signs what the server asks for; the answer travels in the form itself, as a hidden field.
   Hooks   data-odis-passkey="address"    a form whose challenge is fetched there (POST); data-odis-passkey-act="create" makes a key
           data-odis-passkey-use          its button, hidden until this script knows that the browser can
           data-odis-passkey-only / -none what is shown with, or without, passkeys */
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (c) { return c.charCodeAt(0); });
  }
  function words(buffer) {
    var plain = Array.from(new Uint8Array(buffer), function (n) { return String.fromCharCode(n); }).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function described(list) {
    return (list || []).map(function (one) { return Object.assign({}, one, { id: bytes(one.id) }); });
  }
  function asked(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    if (options.excludeCredentials) options.excludeCredentials = described(options.excludeCredentials);
    if (options.allowCredentials) options.allowCredentials = described(options.allowCredentials);
    return { publicKey: options };
  }
  function told(credential) {
    var from = credential.response, response = { clientDataJSON: words(from.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) { if (from[name]) response[name] = words(from[name]); });
    if (from.getTransports) response.transports = from.getTransports();
    return JSON.stringify({ id: credential.id, rawId: words(credential.rawId), type: credential.type, response: response, clientExtensionResults: {} });
  }
  function complain(form) {
    var note = form.querySelector("[data-odis-passkey-fault]") || document.createElement("p");
    note.className = "od-error";
    note.setAttribute("role", "alert");
    note.setAttribute("data-odis-passkey-fault", "");
    note.textContent = "La clé d’accès n’a pas répondu. Réessayez, ou employez un code.";
    form.appendChild(note);
  }

  document.querySelectorAll("form[data-odis-passkey]").forEach(function (form) {
    var button = form.querySelector("[data-odis-passkey-use]"), creating = form.dataset.odisPasskeyAct === "create";
    if (!button) return;
    button.hidden = false;
    form.querySelectorAll("[data-odis-passkey-only]").forEach(function (part) { part.hidden = false; });
    form.querySelectorAll("[data-odis-passkey-none]").forEach(function (part) { part.hidden = true; });
    button.addEventListener("click", function () {
      button.disabled = true;
      fetch(form.dataset.odisPasskey, { method: "POST", headers: { "X-CSRFToken": form.elements.csrf_token.value }, credentials: "same-origin" })
        .then(function (answer) { if (!answer.ok || answer.redirected) throw new Error("refused"); return answer.json(); })
        .then(function (options) { return creating ? navigator.credentials.create(asked(options)) : navigator.credentials.get(asked(options)); })
        .then(function (credential) { form.elements.answer.value = told(credential); form.submit(); })
        .catch(function () { button.disabled = false; complain(form); });
    });
  });
})();
