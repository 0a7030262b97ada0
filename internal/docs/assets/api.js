// The page that tries the API: Swagger UI on this server's own document, with the reader's keys filled in.
'use strict';

const place = document.getElementById('swagger');

const dark = matchMedia('(prefers-color-scheme: dark)');
const darken = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', darken);
darken();

// The document names the address by which the world reaches the server; from here, the page's own is the right one.
function toHere(request) {
  if (request.url.startsWith(place.dataset.base)) request.url = location.origin + request.url.slice(place.dataset.base.length);
  return request;
}

const ui = window.SwaggerUIBundle({
  url: place.dataset.spec,
  dom_id: '#swagger',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: toHere,
  onComplete: () => authorize(window.giftimbizDocs.keys),
});

const tokenLasts = 50 * 60 * 1000; // of the hour that it works

// freshToken returns an access token that still works, for both versions.
async function freshToken(keys) {
  if (keys.access_token && Date.now() - keys.at < tokenLasts) return keys.access_token;
  const response = await fetch('/api/v1/common/getAccessToken', {
    method: 'POST',
    headers: { 'x-refresh-token': keys.refresh_token, Partnerkey: keys.partnerkey, Partnertoken: keys.partnertoken },
    body: new URLSearchParams({ partner_id: keys.partner_id }),
  });
  const answer = await response.json();
  if (answer.token) {
    keys.access_token = answer.token;
    keys.at = Date.now();
    window.giftimbizDocs.use(keys);
  }
  return answer.token;
}

let authorized = false;

async function authorize(keys) {
  if (!keys) {
    if (authorized) location.reload(); // as it was before
    return;
  }
  authorized = true;
  const token = await freshToken(keys).catch(() => '');
  if (place.dataset.api === 'v2') {
    if (token) ui.preauthorizeApiKey('bearer', token);
    ui.preauthorizeBasic('client', keys.partnerkey, keys.partnertoken);
    return;
  }
  ui.preauthorizeApiKey('PartnerId', keys.partner_id);
  ui.preauthorizeApiKey('Partnerkey', keys.partnerkey);
  ui.preauthorizeApiKey('Partnertoken', keys.partnertoken);
  ui.preauthorizeApiKey('TokenRefresh', keys.refresh_token);
  ui.preauthorizeApiKey('RefreshToken', keys.refresh_token);
  if (token) ui.preauthorizeApiKey('AccessToken', token);
}

let under = false; // authorizing may bring a fresh token, which is a change of keys, too
window.giftimbizDocs.listeners.push(async (keys) => {
  if (under) return;
  under = true;
  await authorize(keys);
  under = false;
});
