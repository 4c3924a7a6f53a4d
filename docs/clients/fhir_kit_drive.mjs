// Drives fhir-kit-client (https://www.npmjs.com/package/fhir-kit-client): its search and its nextPage. The library
// repeats nothing: what fails is asked again after the seconds told, or half a second.

import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'fhir-kit-client';

const { action, values, endpoint } = JSON.parse(await text(process.stdin));
if (!['search-offers field', 'synchronise since'].includes([action, ...Object.keys(values)].join(' '))) {
  console.error('this script does not do that');
  process.exit(1);
}
const client = new Client({ baseUrl: endpoint['base-url'], customHeaders: endpoint.headers });

async function authorise() {
  const body = new URLSearchParams({
    grant_type: 'client_credentials', client_id: endpoint['client-id'], client_secret: endpoint['client-secret'],
  });
  const answer = await fetch(endpoint['token-url'], { method: 'POST', body });
  client.bearerToken = (await answer.json()).access_token;
}

async function patiently(ask) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const status = error.response?.status;
      if (attempt === 3 || ![undefined, 401, 429, 503].includes(status)) throw error;
      if (status === 401) await authorise();
      else await pause(1000 * (Number(error.config?.headers.get('retry-after')) || 0.5));
    }
  }
}

async function search(searchParams) {
  const shown = [];
  let bundle = await patiently(() => client.search({ resourceType: 'HealthcareService', searchParams }));
  while (bundle) {
    const page = bundle;
    shown.push(...(page.entry ?? []).filter((one) => one.search.mode === 'match').map((one) => one.resource.id));
    bundle = await patiently(() => client.nextPage({ bundle: page }));
  }
  return shown;
}

try {
  await authorise();
  const shown = await search(action === 'synchronise'
    ? { _lastUpdated: `ge${values.since}` }
    : { 'service-type': values.field, _include: ['HealthcareService:organization', 'HealthcareService:location'] });
  console.log(JSON.stringify({ shown }));
} catch (error) {
  console.log(JSON.stringify({ shown: [], message: String(error) }));
}
