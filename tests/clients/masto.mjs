// masto.js, which Elk and Phanpy are built on, walks the API. Started by test_masto_js.py, which gives it a server, two
// people and a code that one of them allowed an app.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";

const { origin: url, amina, badr, app, code, picture } = JSON.parse(process.env.MAJLIS_WALK);
const a = createRestAPIClient({ url, accessToken: amina });
const b = createRestAPIClient({ url, accessToken: badr });

test("says what it is", async () => {
  const v2 = await a.v2.instance.fetch();
  assert.match(v2.version, /Majlis/);
  assert.ok(v2.configuration.urls.streaming.startsWith("ws://"));
  assert.equal((await a.v1.instance.fetch()).uri, v2.domain);
  assert.equal((await a.v1.preferences.fetch())["posting:default:visibility"], "public");
});

test("exchanges a code and revokes the token, both in JSON", async () => {
  const oauth = createOAuthAPIClient({ url });
  const token = await oauth.token.create({ ...app, grantType: "authorization_code", code }, { encoding: "json" });
  const fresh = createRestAPIClient({ url, accessToken: token.accessToken });
  assert.equal((await fresh.v1.accounts.verifyCredentials()).acct, "amina");
  await oauth.revoke({ clientId: app.clientId, clientSecret: app.clientSecret, token: token.accessToken }, { encoding: "json" });
  await assert.rejects(fresh.v1.accounts.verifyCredentials(), { statusCode: 401 });
});

test("registers an app that gets a token of its own", async () => {
  const registered = await a.v1.apps.create({ clientName: "masto.js", redirectUris: "urn:ietf:wg:oauth:2.0:oob", scopes: "read write" });
  const token = await createOAuthAPIClient({ url }).token.create({
    clientId: registered.clientId,
    clientSecret: registered.clientSecret,
    redirectUri: "urn:ietf:wg:oauth:2.0:oob",
    grantType: "client_credentials",
    scope: "read write",
  });
  assert.equal(token.tokenType, "Bearer");
});

test("posts, edits, answers and deletes", async () => {
  const status = await a.v1.statuses.create({ status: "From masto.js", visibility: "public", language: "en" });
  const edited = await a.v1.statuses.$select(status.id).update({ status: "From masto.js, edited" });
  assert.ok(edited.editedAt);
  assert.equal((await a.v1.statuses.$select(status.id).source.fetch()).text, "From masto.js, edited");
  assert.equal((await a.v1.statuses.$select(status.id).history.list()).length, 2);
  const reply = await b.v1.statuses.create({ status: "@amina yes", inReplyToId: status.id });
  const context = await a.v1.statuses.$select(status.id).context.fetch();
  assert.deepEqual(context.descendants.map((found) => found.id), [reply.id]);
  await a.v1.statuses.$select(status.id).remove();
  await assert.rejects(a.v1.statuses.$select(status.id).fetch(), { statusCode: 404 });
});

test("does to posts what people do", async () => {
  const status = await a.v1.statuses.create({ status: "Do something with me" });
  const theirs = b.v1.statuses.$select(status.id);
  for (const [verb, undo, flag] of [
    ["favourite", "unfavourite", "favourited"],
    ["reblog", "unreblog", "reblogged"],
    ["bookmark", "unbookmark", "bookmarked"],
  ]) {
    const done = await theirs[verb]();
    assert.equal((done.reblog ?? done)[flag], true, verb);
    assert.equal((await theirs[undo]())[flag], false, undo);
  }
  assert.equal((await a.v1.statuses.$select(status.id).pin()).pinned, true);
});

test("follows, mutes and blocks", async () => {
  const { id } = await b.v1.accounts.verifyCredentials();
  const them = a.v1.accounts.$select(id);
  assert.equal((await them.follow()).following, true);
  assert.equal((await a.v1.accounts.relationships.fetch({ id: [id] }))[0].following, true);
  assert.equal((await them.mute({ notifications: false })).mutingNotifications, false);
  await them.unmute();
  assert.equal((await them.block()).blocking, true);
  await them.unblock();
  assert.equal((await a.v1.accounts.lookup({ acct: "badr" })).id, id);
  assert.equal((await a.v1.accounts.search.list({ q: "badr" }))[0].id, id);
});

test("updates the profile", async () => {
  const changed = await a.v1.accounts.updateCredentials({
    displayName: "Amina",
    avatar: new Blob([Buffer.from(picture, "base64")], { type: "image/png" }),
    fieldsAttributes: [{ name: "Site", value: "https://example.org" }],
    source: { privacy: "unlisted" },
  });
  assert.equal(changed.displayName, "Amina");
  assert.equal(changed.source.privacy, "unlisted");
  assert.equal(changed.fields[0].name, "Site");
  await a.v1.accounts.updateCredentials({ source: { privacy: "public" } });
});

test("attaches pictures", async () => {
  const file = new Blob([Buffer.from(picture, "base64")], { type: "image/png" });
  const media = await a.v2.media.create({ file, description: "A gradient", focus: "0.1,0.2" });
  assert.equal((await a.v1.media.$select(media.id).update({ description: "Colours" })).description, "Colours");
  const status = await a.v1.statuses.create({ status: "Picture", mediaIds: [media.id] });
  assert.equal(status.mediaAttachments[0].description, "Colours");
});

test("keeps lists, whose members leave by a DELETE with a body", async () => {
  const { id } = await b.v1.accounts.verifyCredentials();
  await a.v1.accounts.$select(id).follow();
  const list = await a.v1.lists.create({ title: "Friends" });
  await a.v1.lists.$select(list.id).accounts.create({ accountIds: [id] });
  assert.equal((await a.v1.lists.$select(list.id).accounts.list()).length, 1);
  await a.v1.lists.$select(list.id).accounts.remove({ accountIds: [id] });
  assert.equal((await a.v1.lists.$select(list.id).accounts.list()).length, 0);
  assert.equal((await a.v1.lists.$select(list.id).update({ title: "Old friends" })).title, "Old friends");
  await a.v1.lists.$select(list.id).remove();
});

test("reads every page once", async () => {
  for (let number = 0; number < 7; number++) await b.v1.statuses.create({ status: `Page ${number} #pages` });
  const ids = [];
  for await (const page of a.v1.timelines.tag.$select("pages").list({ limit: 3 })) ids.push(...page.map((status) => status.id));
  assert.equal(ids.length, 7);
  assert.equal(new Set(ids).size, 7);
});

test("reads and clears notifications and markers", async () => {
  const status = await b.v1.statuses.create({ status: "@amina hello" });
  const [newest] = await a.v1.notifications.list({ types: ["mention"] });
  assert.equal(newest.status.id, status.id);
  await a.v1.markers.create({ home: { lastReadId: status.id } });
  assert.equal((await a.v1.markers.fetch({ timeline: ["home"] })).home.lastReadId, status.id);
  await a.v1.notifications.$select(newest.id).dismiss();
  await a.v1.notifications.clear();
  assert.deepEqual(await a.v1.notifications.list(), []);
});

test("searches", async () => {
  const found = await a.v2.search.list({ q: "badr", resolve: true, type: "accounts" });
  assert.equal(found.accounts[0].acct, "badr");
});

test("hears what happens", async () => {
  const { configuration } = await a.v2.instance.fetch();
  const streaming = createStreamingAPIClient({ streamingApiUrl: configuration.urls.streaming, accessToken: amina });
  try {
    await streaming.prepare(); // masto.js waits a second before it connects
    const events = streaming.user.subscribe().values();
    const first = events.next();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const status = await b.v1.statuses.create({ status: "@amina live" });
    const heard = [(await first).value, (await events.next()).value];
    assert.deepEqual(heard.map((event) => event.event).sort(), ["notification", "update"]);
    for (const event of heard) assert.equal((event.payload.status ?? event.payload).id, status.id);
    await b.v1.statuses.$select(status.id).remove();
    for await (const event of events) {
      if (event.event !== "delete") continue;
      assert.equal(event.payload, status.id);
      break;
    }
  } finally {
    streaming.close();
  }
});
