// Additions to the sign-in and setup pages, which work without scripts, too: a password that can be shown, links
// whose secret is behind the `#` and so never sent in an address, and values that survive a refused attempt.

const { base } = document.documentElement.dataset;
const form = document.querySelector('form[data-door]');
const said = document.querySelector('[data-said]');
const KEPT = 'deckwatch-door';

function say(text, isBad) {
  said.textContent = text;
  said.classList.toggle('bad', isBad);
  said.hidden = false;
}

/** Keeps what was typed, except passwords, for the next load of this page in this tab. */
function keep() {
  const fields = [...form.querySelectorAll('[data-keep]')];
  const typed = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(typed));
  } catch {
    // Without storage the fields are empty after a refused attempt, as without scripts.
  }
}

function restore() {
  try {
    const typed = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    sessionStorage.removeItem(KEPT);
    for (const [name, value] of Object.entries(typed)) fill(name, value);
  } catch {
    // As above.
  }
}

function fill(name, value) {
  const field = form?.elements.namedItem(name);
  if (field && value) field.value = value;
  // The user needs no field for a token that was in the link.
  if (name === 'token' && value) field?.closest('.field')?.setAttribute('hidden', '');
}

/** Takes the secret out of the address, so that it is in no history and on no screenshot. */
function takeFragment() {
  const fragment = decodeURIComponent(location.hash.slice(1));
  if (fragment) history.replaceState(null, '', location.pathname + location.search);
  return fragment;
}

async function openKiosk(token) {
  say(said.dataset.opening, false);
  const answer = await fetch(`${base}/api/kiosk`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch(() => undefined);
  if (answer?.ok) {
    location.replace(`${base}/`);
    return;
  }
  const problem = await answer?.json().catch(() => undefined);
  say(problem?.detail ?? said.dataset.silent, true);
}

function onFragment() {
  const isSetup = form?.dataset.door === 'setup';
  if (!isSetup && !location.hash.startsWith('#kiosk=')) return;
  const fragment = takeFragment();
  if (!fragment) return;
  if (isSetup) fill('token', fragment);
  else openKiosk(fragment.slice('kiosk='.length));
}

for (const button of document.querySelectorAll('[data-cookie]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    if (form) keep();
    document.cookie = button.dataset.cookie;
    location.reload();
  });
}

const show = document.querySelector('[data-show]');
if (show) {
  const password = form.elements.namedItem('password');
  show.hidden = false;
  show.addEventListener('click', () => {
    const isShown = password.type === 'text';
    password.type = isShown ? 'password' : 'text';
    show.textContent = isShown ? show.dataset.show : show.dataset.hide;
    password.focus();
  });
}

if (form) {
  restore();
  form.addEventListener('submit', keep);
}
onFragment();
window.addEventListener('hashchange', onFragment);
