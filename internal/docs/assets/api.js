// The page that tries the API: Swagger UI on this server's own document, with the reader's keys filled in and examples that can be
// bought today.
const docs = window.giftimbizDocs;
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

const tokenLasts = 50 * 60 * 1000; // of the hour that it works

// freshToken returns an access token that still works, for both versions; '' when the keys give none.
async function freshToken(keys) {
  if (keys.access_token && Date.now() - keys.at < tokenLasts) return keys.access_token;
  const response = await fetch('/api/v1/common/getAccessToken', {
    method: 'POST',
    headers: { 'x-refresh-token': keys.refresh_token, Partnerkey: keys.partnerkey, Partnertoken: keys.partnertoken },
    body: new URLSearchParams({ partner_id: keys.partner_id }),
  });
  const { token = '' } = await response.json();
  if (token) docs.keep({ ...keys, access_token: token, at: Date.now() });
  return token;
}

// onSale returns an offer and a free coupon of today; undefined for what there is not.
async function onSale(token) {
  const list = async (path) => {
    const response = await fetch(`/api/v2/${path}`, { headers: { Authorization: `Bearer ${token}` } });
    return response.ok ? (await response.json()).data : [];
  };
  const [offers, coupons] = await Promise.all([list('offers?limit=1'), list('coupons?limit=50')]);
  return { offer: offers[0], coupon: coupons.find((c) => c.free) };
}

// The names and numbers of the document's examples, which were on sale once, give way to those of today.
function renew(text, { offer, coupon }) {
  const stamp = Date.now().toString(36);
  text = text.replace(/\bA-100(\d)\b/g, `A-${stamp}-$1`).replace(/\border-1001\b/g, `order-${stamp}`);
  const put = (was, is) => { text = text.replace(new RegExp(`\\b${was}\\b`, 'g'), () => String(is)); };
  const putText = (was, is) => { text = text.replaceAll(was, JSON.stringify(is).slice(1, -1)); };
  if (offer) {
    for (const was of [18411, 14560]) put(was, offer.id);
    for (const was of [27935, 2576]) put(was, offer.product.id);
    put(940, offer.price);
    putText('남양)초콜릿드링크초코에몽190ML', offer.product.name);
  }
  if (coupon) {
    for (const was of [1350, 1587]) put(was, coupon.id);
    for (const was of [188, 224]) put(was, coupon.campaign.id);
    putText('김말이 3개', coupon.campaign.product);
  }
  return text;
}

// Swagger UI makes up values for fields of forms. Those that the example does not fill are left empty.
function leaveEmpty(spec) {
  for (const path of Object.values(spec.paths)) {
    for (const operation of Object.values(path)) {
      const fields = operation.requestBody?.content['application/x-www-form-urlencoded']?.schema.properties ?? {};
      for (const field of Object.values(fields)) field.example ??= '';
    }
  }
  return spec;
}

function authorize(ui, keys, token) {
  if (place.dataset.api === 'v2') {
    if (token) ui.preauthorizeApiKey('bearer', token);
    ui.preauthorizeBasic('client', keys.partnerkey, keys.partnertoken);
    return;
  }
  const values = {
    PartnerId: keys.partner_id, Partnerkey: keys.partnerkey, Partnertoken: keys.partnertoken,
    TokenRefresh: keys.refresh_token, RefreshToken: keys.refresh_token, AccessToken: token,
  };
  for (const [scheme, value] of Object.entries(values)) if (value) ui.preauthorizeApiKey(scheme, value);
}

// What a reader calls the tags: their names, which addresses have in them, are the same in all languages.
function tagNames(spec) {
  const names = Object.fromEntries(spec.tags.map((tag) => [tag.name, tag['x-displayName'] ?? tag.name]));
  return {
    fn: {
      opsFilter: (tags, words) => tags.filter((_, tag) => `${tag} ${names[tag]}`.toLowerCase().includes(words.toLowerCase())),
    },
    wrapComponents: {
      DeepLink: (Original, { React }) => (props) => React.createElement(Original, { ...props, text: names[props.text] ?? props.text }),
    },
  };
}

async function start() {
  const { keys } = docs;
  const token = keys ? await freshToken(keys).catch(() => '') : '';
  const [text, today] = await Promise.all([
    fetch(place.dataset.spec).then((response) => response.text()),
    token ? onSale(token).catch(() => ({})) : {},
  ]);
  const spec = leaveEmpty(JSON.parse(renew(text, today)));
  const ui = window.SwaggerUIBundle({
    spec,
    plugins: [() => tagNames(spec)],
    dom_id: '#swagger',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: toHere,
    onComplete: () => { if (keys) authorize(ui, keys, token); },
  });
}

docs.listeners.push(() => location.reload()); // other keys: begin anew
start();
