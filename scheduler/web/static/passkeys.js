// Passkeys, where the browser has them: forms marked data-passkey are sent through the browser's own dialogue.
// Without this file passwords work.
"use strict";

(() => {
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const prepared = (options) => {
    const made = { ...options, challenge: bytes(options.challenge) };
    if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
    for (const list of ["excludeCredentials", "allowCredentials"]) {
      if (options[list]) made[list] = options[list].map((one) => ({ ...one, id: bytes(one.id) }));
    }
    return made;
  };

  const plain = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    });
  };

  const send = async (address, fields) => {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), redirect: "error" });
    const said = (answer.headers.get("content-type") || "").startsWith("application/json") ? await answer.json() : {};
    if (!answer.ok) throw new Error(said.error || "");
    return said;
  };

  const go = async (form) => {
    const fields = Object.fromEntries(new FormData(form));
    const publicKey = prepared(await send(form.dataset.challenge, fields));
    const credential = form.dataset.passkey === "new"
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    delete fields.password;
    const done = await send(form.action, { ...fields, credential: plain(credential) });
    location.assign(done.to);
  };

  if (window.PublicKeyCredential) {
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      form.hidden = false;
      const told = form.querySelector("[role=alert]");
      const button = form.querySelector("button");
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        told.textContent = "";
        button.disabled = true;
        try {
          await go(form);
        } catch (error) {
          // A dialogue that was closed has a DOMException; its words aren't the page's language.
          told.textContent = (error instanceof DOMException ? "" : error.message) || form.dataset.failed;
        } finally {
          button.disabled = false;
        }
      });
    }
    for (const part of document.querySelectorAll("[data-with-passkeys]")) part.hidden = false;
  }

  // An invitation's code comes behind the # of its address, which browsers send to nobody; it goes on in a form.
  const code = document.querySelector("input[data-invitation]");
  if (code && location.hash.length > 1) {
    code.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    code.form.submit();
  }
})();
