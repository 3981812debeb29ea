// Drives the stock @backstage/catalog-client through all its methods: `node drive.mjs BASE_URL SITE_URL [PATIENCE]`.
// Prints one JSON line a step, {step, result} or {step, error}, and at the end the methods there are and those called.
// Ids, uids and etags are told by whether they are there: everything else is as the client gave it.
import { createRequire } from 'node:module';

// The package's CommonJS build: its other one imports a directory, which Node refuses.
const { CatalogClient, CATALOG_FILTER_EXISTS } = createRequire(import.meta.url)('@backstage/catalog-client');

const [base, site, patience = '0'] = process.argv.slice(2);
const client = new CatalogClient({ discoveryApi: { getBaseUrl: async plugin => `${base}/api/${plugin}` } });
const called = new Set();
const api = new Proxy(client, {
  get: (target, name) => (called.add(name), target[name].bind(target)),
});

const OPAQUE = new Set(['uid', 'etag']);
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const print = value =>
  console.log(
    JSON.stringify(value, (key, found) => {
      if (OPAQUE.has(key)) return `a ${typeof found}`;
      if (found === undefined) return null;
      return typeof found === 'string' ? found.replace(ID, '{id}') : found;
    }),
  );

async function step(name, run) {
  try {
    print({ step: name, result: await run() });
  } catch (error) {
    const { name: kind, message, statusCode, cause, body } = error;
    print({ step: name, error: { kind, message, statusCode, cause: cause && { kind: cause.name, message: cause.message }, body } });
  }
}

const refOf = entity =>
  `${entity.kind}:${entity.metadata.namespace ?? 'default'}/${entity.metadata.name}`.toLowerCase();
const refs = entities => entities.map(refOf).sort();
const names = entities => entities.map(entity => entity.metadata.name);
const page = found => ({
  names: names(found.items),
  totalItems: found.totalItems,
  next: typeof found.pageInfo.nextCursor,
  prev: typeof found.pageInfo.prevCursor,
});
const byName = { field: 'metadata.name', order: 'asc' };
const gather = async pages => {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
};

// Some refusals quote the server's own parser: then only the kind of error counts.
const refusal = promise => promise.catch(error => [error.name, error.statusCode, error.cause.name]);

// A write shows at once in Callboard; the referee takes seconds, and gets PATIENCE of them.
async function settle(read, isReady) {
  for (let tries = 0; ; tries++) {
    const found = await read();
    if (isReady(found) || tries >= patience * 5) return found;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

async function drainPages(request) {
  const seen = [];
  let found = await api.queryEntities({ limit: 4, ...request });
  for (;;) {
    seen.push(page(found));
    if (!found.pageInfo.nextCursor) break;
    found = await api.queryEntities({ cursor: found.pageInfo.nextCursor, limit: 4 });
  }
  while (found.pageInfo.prevCursor) {
    found = await api.queryEntities({ cursor: found.pageInfo.prevCursor, limit: 4 });
    seen.push(page(found));
  }
  return seen;
}

// Entities, listed
await step('getEntities', async () => refs((await api.getEntities()).items));
await step('getEntities/whole', async () => (await api.getEntities({ filter: { 'metadata.name': 'berth-service' } })).items);
await step('getEntities/filter-list', async () => refs((await api.getEntities({ filter: [{ kind: ['API', 'component'] }, { kind: 'User', 'metadata.name': 'INES' }] })).items));
await step('getEntities/filter-exists', async () => refs((await api.getEntities({ filter: { 'metadata.tags': CATALOG_FILTER_EXISTS, kind: 'component' } })).items));
await step('getEntities/filter-reserved', async () => refs((await api.getEntities({ filter: { 'metadata.annotations.example.com/dotted.key': 'a' } })).items));
await step('getEntities/filter-nothing', async () => (await api.getEntities({ filter: { kind: 'nope' } })).items);
await step('getEntities/fields', async () => (await api.getEntities({ filter: { kind: 'api' }, fields: ['kind', 'metadata.name', 'metadata.tags', 'spec.nope'] })).items);
await step('getEntities/order', async () => names((await api.getEntities({ order: { field: 'metadata.name', order: 'desc' } })).items));
await step('getEntities/orders-page', async () => names((await api.getEntities({ order: [{ field: 'kind', order: 'asc' }, { field: 'metadata.name', order: 'desc' }], limit: 5, offset: 2 })).items));
await step('getEntities/after', async () => names((await api.getEntities({ order: byName, after: btoa(JSON.stringify({ limit: 3, offset: 4 })) })).items));
await step('getEntities/bad-after', () => api.getEntities({ after: 'nonsense' }));
await step('getEntities/bad-limit', () => api.getEntities({ limit: -1 }));
await step('getEntities/bad-fields', () => api.getEntities({ fields: ['metadata.tags[0]'] }));

await step('queryEntities', async () => { const { items, totalItems } = await api.queryEntities(); return { refs: refs(items), totalItems }; });
await step('queryEntities/walk', () => drainPages({ orderFields: byName }));
await step('queryEntities/walk-filter', () => drainPages({ filter: { kind: ['component', 'api', 'group'] }, orderFields: { field: 'metadata.name', order: 'desc' } }));
await step('queryEntities/walk-query', () => drainPages({ query: { $not: { kind: 'location' } }, orderFields: byName }));
await step('queryEntities/offset', async () => page(await api.queryEntities({ orderFields: byName, limit: 3, offset: 5 })));
await step('queryEntities/no-total', async () => page(await api.queryEntities({ orderFields: byName, limit: 3, totalItems: 'exclude' })));
await step('queryEntities/count', async () => page(await api.queryEntities({ limit: 0 })));
await step('queryEntities/fields', async () => (await api.queryEntities({ filter: { kind: 'system' }, fields: ['metadata.name', 'spec'] })).items);
await step('queryEntities/full-text', async () => page(await api.queryEntities({ fullTextFilter: { term: ' BERTH ', fields: ['metadata.name', 'metadata.title'] }, orderFields: byName })));
await step('queryEntities/full-text-unicode', async () => page(await api.queryEntities({ fullTextFilter: { term: '泊位', fields: ['metadata.title'] } })));
const PREDICATES = {
  equal: { kind: 'component', 'spec.lifecycle': 'production' },
  all: { $all: [{ kind: 'component' }, { 'metadata.tags': 'java' }] },
  any: { $any: [{ kind: 'api' }, { kind: 'system' }] },
  not: { $all: [{ kind: 'component' }, { $not: { 'spec.type': 'service' } }] },
  exists: { 'metadata.tags': { $exists: true } },
  missing: { kind: 'component', 'metadata.tags': { $exists: false } },
  in: { 'spec.type': { $in: ['LIBRARY', 'website', 'nope'] } },
  prefix: { 'metadata.name': { $hasPrefix: 'berth-s' } },
  contains: { 'metadata.tags': { $contains: 'public' } },
  relation: { relations: { $contains: { type: 'ownedBy', targetRef: 'group:default/harbour' } } },
  relations: { relations: { $contains: { type: 'ownedBy', targetRef: { $in: ['group:default/lighthouse', 'user:default/ines'] } } } },
};
for (const [name, query] of Object.entries(PREDICATES)) {
  await step(`queryEntities/$${name}`, async () => page(await api.queryEntities({ query, orderFields: byName })));
}
await step('queryEntities/query-and-filter', async () => page(await api.queryEntities({ query: { 'metadata.tags': 'public' }, filter: [{ kind: 'api' }, { 'metadata.name': CATALOG_FILTER_EXISTS, 'spec.type': ['service', 'library'] }], orderFields: byName })));
await step('queryEntities/query-full-text', async () => page(await api.queryEntities({ query: { kind: 'component' }, fullTextFilter: { term: 'b', fields: ['metadata.name'] }, orderFields: byName, totalItems: 'exclude' })));
await step('queryEntities/bad-query', () => refusal(api.queryEntities({ query: { kind: { $nope: 1 } } })));
await step('queryEntities/bad-cursor', () => refusal(api.queryEntities({ cursor: 'bm9wZQ==' })));
await step('queryEntities/bad-order', () => api.queryEntities({ orderFields: { field: 'metadata.name', order: 'up' } }));

await step('streamEntities', async () => { const pages = await gather(api.streamEntities()); return { pages: pages.length, refs: refs(pages.flat()) }; });
await step('streamEntities/pages', async () => (await gather(api.streamEntities({ pageSize: 5, orderFields: byName }))).map(names));
await step('streamEntities/query', async () => (await gather(api.streamEntities({ pageSize: 2, query: { kind: 'component' }, orderFields: byName, fields: ['metadata.name'] }))).map(names));
await step('streamEntities/nothing', () => gather(api.streamEntities({ filter: { kind: 'nope' } })));

// Entities, by name
const many = Array.from({ length: 2_300 }, (_, n) => (n % 100 ? `component:default/missing-${n}` : 'component:default/berth-service'));
await step('getEntitiesByRefs', async () => (await api.getEntitiesByRefs({ entityRefs: ['api:default/berth-api', 'component:default/nope', 'Component:default/berth-board', 'api:default/berth-api'], fields: ['kind', 'metadata.name'] })).items);
await step('getEntitiesByRefs/many', async () => { const { items } = await api.getEntitiesByRefs({ entityRefs: many }); return [items.length, items.filter(Boolean).length, items.findIndex(Boolean), items.findLastIndex(Boolean)]; });
await step('getEntitiesByRefs/filter', async () => (await api.getEntitiesByRefs({ entityRefs: ['api:default/berth-api', 'user:default/ines'], filter: { kind: 'user' }, fields: ['kind'] })).items);
await step('getEntitiesByRefs/query', async () => (await api.getEntitiesByRefs({ entityRefs: ['api:default/berth-api', 'user:default/ines'], query: { kind: 'api' }, fields: ['kind'] })).items);
await step('getEntitiesByRefs/none', async () => (await api.getEntitiesByRefs({ entityRefs: [] })).items);
await step('getEntityByRef', () => api.getEntityByRef('Component:DEFAULT/Berth-Service'));
await step('getEntityByRef/compound', async () => refOf(await api.getEntityByRef({ kind: 'component', namespace: 'harbour-lab', name: 'tide-tables' })));
await step('getEntityByRef/missing', () => api.getEntityByRef('component:nope'));
await step('getEntityByName', async () => refOf(await api.getEntityByName({ kind: 'user', name: 'ines' })));
await step('getEntityAncestors', async () => { const { rootEntityRef, items } = await api.getEntityAncestors({ entityRef: 'component:berth-board' }); return { rootEntityRef, items: items.map(one => [refOf(one.entity), one.parentEntityRefs]).sort() }; });
await step('getEntityAncestors/missing', () => api.getEntityAncestors({ entityRef: 'component:default/nope' }));
await step('getEntityFacets', () => api.getEntityFacets({ facets: ['kind', 'spec.type', 'metadata.tags', 'relations.ownedBy', 'nope'] }));
await step('getEntityFacets/filter', () => api.getEntityFacets({ facets: ['spec.lifecycle'], filter: { kind: 'component', 'metadata.tags': CATALOG_FILTER_EXISTS } }));
await step('getEntityFacets/query', () => api.getEntityFacets({ facets: ['kind', 'metadata.namespace'], query: { $any: [{ kind: 'component' }, { 'spec.type': 'team' }] } }));
await step('getEntityFacets/none', () => api.getEntityFacets({ facets: [] }));

// Judged, not stored
const good = { apiVersion: 'backstage.io/v1alpha1', kind: 'Component', metadata: { name: 'crane' }, spec: { type: 'service', lifecycle: 'production', owner: 'harbour' } };
await step('validateEntity', () => api.validateEntity(good, `url:${site}/first.yaml`));
await step('validateEntity/bad-name', () => api.validateEntity({ ...good, metadata: { name: 'a b' } }, `url:${site}/first.yaml`));
await step('validateEntity/no-owner', () => api.validateEntity({ ...good, spec: { type: 'service' } }, `url:${site}/first.yaml`));
await step('validateEntity/bad-location', () => api.validateEntity(good, 'nonsense'));
await step('analyzeLocation', () => api.analyzeLocation({ location: { type: 'url', target: 'https://github.com/harbour/berths' } }));
await step('analyzeLocation/bad', () => api.analyzeLocation({ location: { type: 'url', target: 'not a url' } }));

// Locations
const first = { target: `${site}/first.yaml` };
await step('getLocations/empty', () => api.getLocations());
await step('queryLocations/empty', () => api.queryLocations());
await step('streamLocations/empty', () => gather(api.streamLocations()));
await step('addLocation/dry-run', async () => { const { exists, location, entities } = await api.addLocation({ ...first, dryRun: true }); return { exists, location, entities }; });
await step('addLocation/dry-run-broken', () => api.addLocation({ target: `${site}/broken.yaml`, dryRun: true }));
await step('addLocation/dry-run-missing', () => api.addLocation({ target: `${site}/none.yaml`, dryRun: true }));
await step('addLocation/bad-type', () => api.addLocation({ type: 'gopher', target: 'x' }));
let added = { location: { id: 'none' } };
await step('addLocation', async () => (added = await api.addLocation({ type: 'url', ...first })));
await step('addLocation/shows', async () => settle(() => api.getEntityByRef('component:default/ferry'), Boolean));
await step('addLocation/again', () => api.addLocation(first));
await step('addLocation/reject', () => api.addLocation({ ...first, onConflict: 'reject' }));
await step('addLocation/refresh', async () => { const found = await api.addLocation({ ...first, onConflict: 'refresh' }); return [found, found.location.id === added.location.id]; });
await step('addLocation/dry-run-exists', async () => (await api.addLocation({ ...first, dryRun: true })).exists);
await step('getLocations', () => api.getLocations());
await step('queryLocations', () => api.queryLocations({ query: { type: 'url' } }));
await step('queryLocations/nothing', () => api.queryLocations({ query: { target: { $in: ['x'] } } }));
await step('queryLocations/bad', () => api.queryLocations({ query: { kind: 'x' } }));
await step('streamLocations', () => gather(api.streamLocations()));
await step('getLocationById', () => api.getLocationById(added.location.id));
await step('getLocationById/missing', () => api.getLocationById('00000000-0000-4000-8000-000000000000'));
await step('getLocationByRef', () => api.getLocationByRef(`url:${first.target}`));
await step('getLocationByRef/missing', () => api.getLocationByRef('url:http://127.0.0.1/none'));
await step('getLocationByEntity', () => api.getLocationByEntity('component:default/ferry'));
await step('getLocationByEntity/configured', () => api.getLocationByEntity({ kind: 'api', namespace: 'default', name: 'berth-api' }));
await step('refreshEntity', () => api.refreshEntity('component:default/ferry'));
await step('refreshEntity/missing', () => api.refreshEntity('component:default/nope'));
await step('updateLocation', async () => { const found = await api.updateLocation(added.location.id, { type: 'url', target: `${site}/second.yaml` }); return [found, found.id === added.location.id]; });
await step('updateLocation/shows', async () => { const found = await settle(() => api.getEntityByRef('component:default/tug'), Boolean); return found && refOf(found); });
await step('updateLocation/takes-away', () => settle(() => api.getEntityByRef('component:default/ferry'), found => !found));
await step('updateLocation/missing', () => api.updateLocation('00000000-0000-4000-8000-000000000000', { type: 'url', target: 'x' }));
await step('walkLocations', async () => {
  const rest = [];
  for (const name of ['a', 'b', 'c', 'd']) rest.push((await api.addLocation({ target: `${site}/absent-${name}.yaml` })).location.id);
  const whole = (await api.queryLocations()).items.map(one => one.id);
  const walked = [];
  let found = await api.queryLocations({ limit: 2 });
  for (;;) {
    walked.push(found.items.length);
    if (!found.pageInfo.nextCursor) break;
    found = await api.queryLocations({ cursor: found.pageInfo.nextCursor });
  }
  const streamed = (await gather(api.streamLocations())).flat().map(one => one.id);
  for (const id of rest) await api.removeLocationById(id);
  const isSorted = whole.every((id, n) => !n || whole[n - 1] < id);
  return { walked, totalItems: found.totalItems, isSorted, same: String(streamed) === String(whole) };
});
const tug = await api.getEntityByRef('component:default/tug');
await step('removeEntityByUid', () => api.removeEntityByUid(tug.metadata.uid));
// It is still declared and comes back: at once in Callboard, when it is next read in Backstage. Not with this uid.
await step('removeEntityByUid/gone', async () => (await api.getEntities({ filter: { 'metadata.uid': tug.metadata.uid } })).items);
await step('removeEntityByUid/unknown', () => api.removeEntityByUid('00000000-0000-4000-8000-000000000000'));
await step('removeLocationById', () => api.removeLocationById(added.location.id));
await step('removeLocationById/again', () => api.removeLocationById(added.location.id));
await step('getEntities/as-before', async () => settle(async () => refs((await api.getEntities()).items), found => found.length === 12));

// Answers that are no Backstage's: the client makes an error of its own
const lost = new CatalogClient({ discoveryApi: { getBaseUrl: async () => `${base}/api/nope` } });
await step('unknown-plugin', () => lost.getEntities());

const methods = Object.getOwnPropertyNames(CatalogClient.prototype).filter(name => name !== 'constructor');
print({ step: 'methods', methods: methods.sort(), called: [...called].sort() });
