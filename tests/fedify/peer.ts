// A fediverse server that is not ours: Fedify's protocol code with people and posts in memory. It is driven over
// /control/*, and tells what arrived at its inboxes and what Fedify's verification thought of each signature.
//
// PORT: where it listens. FIRST_KNOCK: the signature scheme that it tries first. ACCEPT: "any", or the only scheme that
// its inboxes take, to see a sender change over.
import { createServer, type IncomingMessage } from "node:http";

import {
  type Context,
  createFederation,
  generateCryptoKeyPair,
  type HttpMessageSignaturesSpec,
  type KvStore,
  MemoryKvStore,
  type RequestContext,
  verifyRequestDetailed,
} from "@fedify/fedify";
import {
  Accept,
  type Actor,
  Activity,
  Announce,
  Create,
  Delete,
  Endpoints,
  Follow,
  isActor,
  Like,
  Mention,
  Note,
  Object as AnyObject,
  Person,
  PUBLIC_COLLECTION,
  Reject,
  Tombstone,
  Undo,
  Update,
} from "@fedify/vocab";
import { Temporal } from "@js-temporal/polyfill";

const port = Number(process.env.PORT);
const origin = `http://localhost:${port}`;
const accepted = process.env.ACCEPT ?? "any";

interface Someone {
  name: string;
  displayName: string;
  locked: boolean;
  keys: CryptoKeyPair[];
  followers: Map<string, Actor>;
}

interface Arrival {
  type: string;
  id: string;
  actor: string;
  document: unknown;
  scheme: string;
  verified: boolean;
  reason: string | null;
  path: string;
}

let memory = new MemoryKvStore(); // what Fedify keeps: documents, keys, which scheme a server takes
const remembering: KvStore = {
  get: (key) => memory.get(key),
  set: (key, value, options) => memory.set(key, value, options),
  delete: (key) => memory.delete(key),
  cas: (key, expected, value, options) => memory.cas(key, expected, value, options),
  list: (prefix) => memory.list(prefix),
};
const keysOf = new Map<string, CryptoKeyPair[]>(); // made once for every name: that takes seconds
const people = new Map<string, Someone>();
const notes = new Map<string, Note | Tombstone>();
const sent = new Map<string, Activity>();
const arrivals: Arrival[] = []; // what came in at an inbox, believed or not
const believed: string[] = []; // ids of the activities that Fedify handed to its listener

const federation = createFederation<void>({
  kv: remembering,
  origin,
  allowPrivateAddress: true,
  firstKnock: process.env.FIRST_KNOCK as HttpMessageSignaturesSpec,
  inboxChallengePolicy: { enabled: accepted !== "any" },
});

federation
  .setActorDispatcher("/users/{identifier}", async (context, identifier) => {
    const someone = people.get(identifier);
    if (!someone) return null;
    const keys = await context.getActorKeyPairs(identifier);
    return new Person({
      id: context.getActorUri(identifier),
      preferredUsername: identifier,
      name: someone.displayName,
      manuallyApprovesFollowers: someone.locked,
      inbox: context.getInboxUri(identifier),
      outbox: context.getOutboxUri(identifier),
      followers: context.getFollowersUri(identifier),
      endpoints: new Endpoints({ sharedInbox: context.getInboxUri() }),
      url: context.getActorUri(identifier),
      publicKey: keys[0].cryptographicKey,
      assertionMethods: keys.map((key) => key.multikey),
    });
  })
  .setKeyPairsDispatcher((_, identifier) => people.get(identifier)?.keys ?? []);

federation.setObjectDispatcher(Note, "/users/{identifier}/notes/{id}", (context, values) => {
  const found = notes.get(context.getObjectUri(Note, values).href);
  return found instanceof Note ? found : null;
});

federation.setFollowersDispatcher("/users/{identifier}/followers", (_, identifier) => ({
  items: [...(people.get(identifier)?.followers.values() ?? [])],
}));

federation.setOutboxDispatcher("/users/{identifier}/outbox", (context, identifier) => ({
  items: [...sent.values()].filter((activity) => activity instanceof Create && activity.actorId?.href === context.getActorUri(identifier).href),
}));

federation
  .setInboxListeners("/users/{identifier}/inbox", "/inbox")
  .setSharedKeyDispatcher(() => ({ identifier: [...people.keys()][0] }))
  .on(Activity, async (context, activity) => {
    believed.push(activity.id!.href);
    if (activity instanceof Follow) {
      const target = context.parseUri(activity.objectId);
      if (target?.type !== "actor") return;
      const someone = people.get(target.identifier);
      if (someone && !someone.locked) await answer(context, someone, activity, Accept);
    } else if (activity instanceof Undo) {
      const undone = await activity.getObject(context);
      const target = undone instanceof Follow ? context.parseUri(undone.objectId) : null;
      if (target?.type === "actor") people.get(target.identifier)?.followers.delete(activity.actorId!.href);
    }
  });

async function answer(context: Context<void>, someone: Someone, follow: Follow, Answer: typeof Accept | typeof Reject): Promise<void> {
  const follower = await follow.getActor(context);
  if (!follower) throw new Error(`no actor behind ${follow.actorId}`);
  if (Answer === Accept) someone.followers.set(follower.id!.href, follower);
  await send(context, someone, [follower], (id) => new Answer({ id, actor: context.getActorUri(someone.name), object: follow }));
}

// --- what the peer's people do

type Values = Record<string, string | undefined>;
type Verb = (context: Context<void>, someone: Someone, values: Values) => Promise<string>;

async function send(context: Context<void>, someone: Someone, to: Actor[], make: (id: URL) => Activity): Promise<string> {
  const activity = make(new URL(`${origin}/activities/${crypto.randomUUID()}`));
  sent.set(activity.id!.href, activity);
  await context.sendActivity({ identifier: someone.name }, to, activity, { immediate: true, preferSharedInbox: true });
  return activity.id!.href;
}

async function lookUp(context: Context<void>, someone: Someone, uri: string): Promise<AnyObject> {
  const documentLoader = await context.getDocumentLoader({ identifier: someone.name });
  const found = await context.lookupObject(uri, { documentLoader });
  if (!found) throw new Error(`nothing at ${uri}`);
  return found;
}

async function actorAt(context: Context<void>, someone: Someone, uri: string): Promise<Actor> {
  const found = await lookUp(context, someone, uri);
  if (!isActor(found)) throw new Error(`no actor at ${uri}`);
  return found;
}

async function authorOf(context: Context<void>, someone: Someone, uri: string): Promise<Actor> {
  const object = await lookUp(context, someone, uri);
  return actorAt(context, someone, object.attributionId!.href);
}

function sentActivity<T extends Activity>(id: string | undefined, type: abstract new (...values: never[]) => T): T {
  const found = sent.get(id ?? "");
  if (!(found instanceof type)) throw new Error(`${id} was not sent`);
  return found;
}

// Who gets to see a post: everybody, followers, or those named.
function audience(context: Context<void>, someone: Someone, values: Values, mentioned: Actor[]): { tos: URL[]; ccs: URL[] } {
  const followers = context.getFollowersUri(someone.name);
  const named = mentioned.map((actor) => actor.id!);
  if (values.visibility === "direct") return { tos: named, ccs: [] };
  if (values.visibility === "private") return { tos: [followers], ccs: named };
  if (values.visibility === "unlisted") return { tos: [followers], ccs: [PUBLIC_COLLECTION, ...named] };
  return { tos: [PUBLIC_COLLECTION], ccs: [followers, ...named] };
}

function readers(someone: Someone, more: Actor[] = []): Actor[] {
  return [...new Map([...someone.followers.values(), ...more].map((actor) => [actor.id!.href, actor])).values()];
}

function noteOf(uri: string | undefined): Note {
  const found = notes.get(uri ?? "");
  if (!(found instanceof Note)) throw new Error(`${uri} is not a note here`);
  return found;
}

const verbs: Record<string, Verb> = {
  follow: async (context, someone, { object }) => {
    const target = await actorAt(context, someone, object!);
    return send(context, someone, [target], (id) => new Follow({ id, actor: context.getActorUri(someone.name), object: target.id }));
  },

  undo: async (context, someone, { activity }) => {
    const undone = sentActivity(activity, Activity);
    const object = undone.objectId!.href;
    const target = undone instanceof Follow ? await actorAt(context, someone, object) : await authorOf(context, someone, object);
    return send(context, someone, readers(someone, [target]), (id) => new Undo({ id, actor: context.getActorUri(someone.name), object: undone }));
  },

  accept: async (context, someone, { activity }) => decide(context, someone, activity!, Accept),

  reject: async (context, someone, { activity }) => decide(context, someone, activity!, Reject),

  post: async (context, someone, values) => {
    const mentioned = values.mention ? [await actorAt(context, someone, values.mention)] : [];
    const actor = context.getActorUri(someone.name);
    const to = audience(context, someone, values, mentioned);
    const note = new Note({
      id: context.getObjectUri(Note, { identifier: someone.name, id: crypto.randomUUID() }),
      attribution: actor,
      content: values.content ?? "",
      summary: values.summary,
      sensitive: values.summary !== undefined,
      published: Temporal.Now.instant(),
      replyTarget: values.inReplyTo ? new URL(values.inReplyTo) : null,
      tags: mentioned.map((one) => new Mention({ href: one.id, name: `@${one.preferredUsername}@${one.id!.host}` })),
      ...to,
    });
    notes.set(note.id!.href, note);
    await send(context, someone, readers(someone, mentioned), (id) => new Create({ id, actor, object: note, ...to }));
    return note.id!.href;
  },

  edit: async (context, someone, { object, content }) => {
    const note = noteOf(object).clone({ content: content ?? "", updated: Temporal.Now.instant() });
    notes.set(object!, note);
    const to = { tos: note.toIds, ccs: note.ccIds };
    return send(context, someone, readers(someone), (id) => new Update({ id, actor: context.getActorUri(someone.name), object: note, ...to }));
  },

  delete: async (context, someone, { object }) => {
    const note = noteOf(object);
    const tombstone = new Tombstone({ id: note.id });
    notes.set(object!, tombstone);
    const to = { tos: note.toIds, ccs: note.ccIds };
    return send(context, someone, readers(someone), (id) => new Delete({ id, actor: context.getActorUri(someone.name), object: tombstone, ...to }));
  },

  like: async (context, someone, { object }) => {
    const author = await authorOf(context, someone, object!);
    return send(context, someone, [author], (id) => new Like({ id, actor: context.getActorUri(someone.name), object: new URL(object!) }));
  },

  boost: async (context, someone, { object }) => {
    const author = await authorOf(context, someone, object!);
    const to = { tos: [PUBLIC_COLLECTION], ccs: [context.getFollowersUri(someone.name), author.id!] };
    return send(
      context,
      someone,
      readers(someone, [author]),
      (id) => new Announce({ id, actor: context.getActorUri(someone.name), object: new URL(object!), published: Temporal.Now.instant(), ...to }),
    );
  },

  rename: async (context, someone, { content }) => {
    someone.displayName = content ?? "";
    const person = await (context as RequestContext<void>).getActor(someone.name);
    return send(
      context,
      someone,
      readers(someone),
      (id) => new Update({ id, actor: context.getActorUri(someone.name), object: person as Person, tos: [PUBLIC_COLLECTION] }),
    );
  },
};

async function decide(context: Context<void>, someone: Someone, activity: string, Answer: typeof Accept | typeof Reject): Promise<string> {
  const arrival = arrivals.find((one) => one.id === activity);
  if (!arrival) throw new Error(`${activity} did not arrive`);
  await answer(context, someone, await Follow.fromJsonLd(arrival.document, context), Answer);
  return activity;
}

// --- over HTTP

async function control(request: Request, path: string): Promise<unknown> {
  const context = federation.createContext(request, undefined);
  if (path === "arrivals") return arrivals.map((arrival) => ({ ...arrival, believed: believed.includes(arrival.id) }));
  const values = (await request.json()) as Values;
  if (path === "people") {
    const keys = keysOf.get(values.name!) ?? (await Promise.all([generateCryptoKeyPair("RSASSA-PKCS1-v1_5"), generateCryptoKeyPair("Ed25519")]));
    keysOf.set(values.name!, keys);
    const someone = { name: values.name!, displayName: values.name!, locked: values.locked === "true", keys, followers: new Map() };
    people.set(someone.name, someone);
    return { uri: context.getActorUri(someone.name).href, handle: `${someone.name}@localhost:${port}` };
  }
  if (path === "forget") {
    for (const kept of [people, notes, sent]) kept.clear();
    for (const list of [arrivals, believed]) list.length = 0;
    memory = new MemoryKvStore();
    return {};
  }
  const someone = people.get(values.as ?? "");
  if (!someone) throw new Error(`nobody is called ${values.as}`);
  if (path === "followers") return [...someone.followers.keys()];
  if (path === "fetch") return (await lookUp(context, someone, values.object!)).toJsonLd({ format: "compact", contextLoader: context.contextLoader });
  return { id: await verbs[path](context, someone, values) };
}

// Writes down what comes to an inbox before Fedify sees it; refuses the schemes that this peer does not take.
async function receive(request: Request, path: string): Promise<Response> {
  const scheme = request.headers.has("signature-input") ? "rfc9421" : request.headers.has("signature") ? "draft-cavage" : "none";
  const context = federation.createContext(request, undefined);
  if (accepted !== "any" && scheme !== accepted) {
    return new Response("another scheme, please", { status: 401, headers: { "Accept-Signature": challenge } });
  }
  const era = memory;
  const document = await request.clone().json();
  const verdict = await verifyRequestDetailed(request.clone() as Request, context);
  if (memory !== era) return new Response("of a time that is forgotten", { status: 410 });
  arrivals.push({
    type: document.type,
    id: document.id,
    actor: document.actor,
    document,
    scheme,
    verified: verdict.verified,
    reason: verdict.verified ? null : JSON.stringify(verdict.reason),
    path,
  });
  return federation.fetch(request, { contextData: undefined });
}

const challenge = 'sig1=("@method" "@target-uri" "content-digest");created;keyid';

async function respond(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/control/")) return Response.json(await control(request, pathname.slice("/control/".length)));
  if (request.method === "POST" && pathname.endsWith("/inbox")) return receive(request, pathname);
  return federation.fetch(request, { contextData: undefined });
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return chunks.length ? Buffer.concat(chunks) : undefined;
}

createServer(async (incoming, outgoing) => {
  try {
    const headers = new Headers();
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
    const request = new Request(new URL(incoming.url!, origin), { method: incoming.method, headers, body: await bodyOf(incoming) });
    const response = await respond(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    console.error(error);
    outgoing.writeHead(500, { "Content-Type": "text/plain" });
    outgoing.end(String(error instanceof Error ? error.stack : error));
  }
}).listen(port, "127.0.0.1", () => console.log(`listening at ${origin}`));
