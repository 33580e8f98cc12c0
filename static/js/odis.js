/* The only script of ours: comfort, never a need. Every page works without it.
   Hooks   data-odis-menu            a <details> menu: closes on Escape, on a click elsewhere, when another opens
           data-odis-close-on-phone  a <details open> that starts closed on a phone (filters)
           data-odis-focus           takes the focus at load or after a swap (error summary, result)
           data-odis-announce        its text is said by the page's live region after a swap
           data-odis-count="id"      says in #id how many characters are left
           data-odis-strip           brings its current entry into view (tabs, views)
           data-odis-print           prints the page
           data-odis-reveal="id"     a button, shown by the script, that shows what is typed in the password #id, and hides it again
           data-odis-strength="id"   says how hard the password #id is to guess while one types it; nothing leaves the page
           data-odis-once            a form that refuses a second submission while the first is on its way */
(function () {
  "use strict";
  var phone = window.matchMedia("(max-width: 61.99rem)");

  function each(root, selector, act) {
    if (root.matches && root.matches(selector)) act(root);
    root.querySelectorAll(selector).forEach(act);
  }

  function prepare(root) {
    each(root, "[data-odis-close-on-phone]", function (box) { if (phone.matches) box.open = false; });
    each(root, "[data-odis-count]", count);
    each(root, "[data-odis-reveal]", function (button) { button.hidden = false; });
    each(root, "[data-odis-strip] [aria-current]", function (entry) {
      var strip = entry.closest("[data-odis-strip]");
      var over = entry.getBoundingClientRect().right - strip.getBoundingClientRect().right;
      if (over > 0) strip.scrollLeft += over + 32;
    });
  }

  function count(area) {
    var told = document.getElementById(area.dataset.odisCount), left = area.maxLength - area.value.length;
    if (told && area.maxLength > 0) told.textContent = left > 1 ? "Encore " + left + " caractères." : left === 1 ? "Encore 1 caractère." : "Plus de place : raccourcissez pour continuer.";
  }

  function reveal(button, shown) {
    var box = document.getElementById(button.dataset.odisReveal);
    if (!box) return;
    box.type = shown ? "text" : "password";
    button.textContent = shown ? "Cacher le mot de passe" : "Afficher le mot de passe";
  }

  /* An estimate of our own (bits), simpler than the server's, in the same words: what repeats or follows counts once, one word alone is
     worth little. The password is read, never kept nor sent. */
  var LEVELS = ["très faible", "faible", "moyen", "bon", "très bon"], LEAST = 12;
  var ROWS = "azertyuiop qsdfghjklm wxcvbn qwertyuiop asdfghjkl zxcvbnm abcdefghijklmnopqrstuvwxyz 01234567890";

  function worth(text) {
    var plain = text.toLowerCase().slice(0, 72), kept = "";
    plain = plain.replace(/^(.{1,24}?)\1+$/, "$1");
    for (var i = 0; i < plain.length; i++) {
      var pair = plain[i - 1] + plain[i];
      if (i && (plain[i] === plain[i - 1] || ROWS.includes(pair) || ROWS.includes(plain[i] + plain[i - 1]))) continue;
      kept += plain[i];
    }
    var word = plain.match(/^[^\p{L}]*(\p{L}{1,14})[^\p{L}]*$/u), bits = kept.length * 3.3;
    if (word) bits = Math.min(bits, 26);
    return [10, 20, 26.6, 33].filter(function (least) { return bits >= least; }).length;
  }

  function strength(input) {
    var box = document.querySelector('[data-odis-strength="' + input.id + '"]');
    if (!box) return;
    var lacking = LEAST - input.value.length, score = worth(input.value), meter = box.querySelector("meter"), told = "";
    if (lacking > 0) score = Math.min(score, 1);
    if (input.value) told = "Mot de passe : " + LEVELS[score] + ". " + (lacking > 0 ? "Il a moins de " + LEAST + " caractères." : score > 2 ? "Difficile à deviner." : "Ajoutez un ou deux mots sans rapport.");
    meter.hidden = !input.value;
    meter.value = score;
    if (box.lastElementChild.textContent !== told) box.lastElementChild.textContent = told;
  }

  function focus(element) {
    if (!element.hasAttribute("tabindex") && !element.matches("a[href], button, input, select, textarea, summary")) element.tabIndex = -1;
    element.focus();
  }

  function say(text) {
    var region = document.getElementById("annonce");
    if (region) region.textContent = text;
  }

  function closeMenus(except) {
    document.querySelectorAll("details[data-odis-menu][open]").forEach(function (menu) { if (menu !== except) menu.open = false; });
  }

  document.addEventListener("toggle", function (event) {
    if (event.target.open && event.target.matches("details[data-odis-menu]")) closeMenus(event.target);
  }, true);
  document.addEventListener("click", function (event) {
    closeMenus(event.target.closest("details[data-odis-menu]"));
    if (event.target.closest("[data-odis-print]")) window.print();
    var button = event.target.closest("[data-odis-reveal]");
    if (button) reveal(button, document.getElementById(button.dataset.odisReveal).type === "password");
  });
  document.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && document.querySelector("details[data-odis-menu][open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-odis-count]")) count(event.target);
    if (event.target.matches("input[autocomplete=new-password]")) strength(event.target);
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    each(form, "[data-odis-reveal]", function (button) { reveal(button, false); });
    if (!form.matches("[data-odis-once]")) return;
    if (form.dataset.odisSent) event.preventDefault();
    form.dataset.odisSent = "yes";
  });
  window.addEventListener("pageshow", function () { each(document, "[data-odis-sent]", function (form) { delete form.dataset.odisSent; }); });

  /* After a swap: an error or a result asked for takes the focus; otherwise htmx keeps it on the element of the same id,
     and if that element is gone the fragment takes it, so that a keyboard never falls back to the top of the page. */
  var hadFocus = false;
  document.addEventListener("htmx:beforeSwap", function (event) {
    hadFocus = event.detail.target.contains(document.activeElement) || event.detail.requestConfig.elt === document.activeElement;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    var part = event.detail.elt, wanted = part.matches("[data-odis-focus]") ? part : part.querySelector("[data-odis-focus]");
    prepare(part);
    var told = part.matches("[data-odis-announce]") ? part : part.querySelector("[data-odis-announce]");
    if (told) say(told.textContent.trim());
    if (wanted) focus(wanted);
    else if (hadFocus && (document.activeElement === document.body || !document.activeElement)) focus(part);
    hadFocus = false;
  });
  /* htmx notes the present address in the tab's storage, even with its history switched off: an address may hold what was
     searched, so nothing of it stays. It reads the address of the page when the note is missing. */
  function forget() {
    try { sessionStorage.removeItem("htmx-current-path-for-history"); } catch (refused) { /* storage is closed: nothing is kept */ }
  }
  ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore", "htmx:load"].forEach(function (name) { document.addEventListener(name, forget); });
  window.addEventListener("pagehide", forget);

  function fail(sentence) {
    return function () {
      var region = document.getElementById("messages");
      if (!region) return;
      var note = document.createElement("div"), text = document.createElement("p");
      note.className = "od-note is-late";
      text.textContent = sentence;
      note.appendChild(text);
      region.replaceChildren(note);
      region.scrollIntoView({ block: "nearest" });
    };
  }
  document.addEventListener("htmx:responseError", fail("La demande n’a pas abouti. Rien n’a été enregistré ; rechargez la page puis réessayez."));
  document.addEventListener("htmx:sendError", fail("Le réseau ne répond pas. Votre saisie est toujours là : réessayez dans un moment."));
  document.addEventListener("htmx:timeout", fail("La réponse tarde trop. Rechargez la page pour voir où en est votre demande."));

  forget();
  prepare(document);
  var first = document.querySelector("[data-odis-focus]");
  if (first) focus(first);
})();
