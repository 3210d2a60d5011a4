// What scripts add to pages that work without them: times in the reader's own clock, a button that copies.

const root = document.documentElement;
const language = `${root.lang}-u-nu-${root.dataset.digits ?? "latn"}`;
const spans = [["year", 31536e6], ["month", 2592e6], ["day", 864e5], ["hour", 36e5], ["minute", 6e4]];

function ago(at) {
  const passed = at - Date.now();
  const [unit, length] = spans.find(([, ms]) => Math.abs(passed) >= ms) ?? ["minute", 6e4];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }).format(Math.trunc(passed / length), unit);
}

for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" }).format(at);
  if (time.dataset.show === "ago" && Math.abs(at - Date.now()) < 6048e5) time.textContent = ago(at);
  else if (time.dataset.show === "moment") time.textContent = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(at);
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.done;
  });
}

// Passkeys: the forms ask the device, and are sent with what it answers.
const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const asked = {
  get: (form, challenge) =>
    navigator.credentials.get({ publicKey: { challenge, rpId: form.dataset.domain, userVerification: "required" } }),
  create: (form, challenge) =>
    navigator.credentials.create({
      publicKey: {
        challenge,
        rp: { id: form.dataset.domain, name: form.dataset.site },
        user: { id: toBytes(form.dataset.user), name: form.dataset.handle, displayName: form.dataset.name },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        excludeCredentials: form.dataset.known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: toBytes(id) })),
        attestation: "none",
      },
    }),
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.hidden = true;
    try {
      const key = await asked[form.dataset.passkey](form, new TextEncoder().encode(form.dataset.challenge));
      const { response } = key;
      form.elements.client_data.value = toText(response.clientDataJSON);
      form.elements.authenticator_data.value = toText(response.getAuthenticatorData?.() ?? response.authenticatorData);
      if (response.signature) {
        form.elements.credential.value = toText(key.rawId);
        form.elements.signature.value = toText(response.signature);
      }
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}

// A form that is being sent is not sent twice.
for (const form of document.querySelectorAll("form[method=post]")) {
  if (form.dataset.passkey) continue;
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

// In a frame on another site (embed.js): tells how high the post is, now and whenever that changes.
if (parent !== window && document.body.dataset.embed) {
  const asked = new Map();
  const tell = (id, source) => source.postMessage({ type: "setHeight", id, height: document.documentElement.scrollHeight }, "*");
  addEventListener("message", ({ data, source }) => {
    if (typeof data !== "object" || data === null || data.type !== "setHeight" || source !== parent) return;
    asked.set(data.id, source);
    tell(data.id, source);
  });
  new ResizeObserver(() => asked.forEach((source, id) => tell(id, source))).observe(document.body);
}
