// megalodon, which Whalebird and Fedistar are built on, walks the API. Started by test_megalodon.py, which gives it a server and
// two people. It turns every entity into one of its own and so breaks on those that lack something.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import generator from "megalodon";

const { origin, amina, badr, picture } = JSON.parse(process.env.MAJLIS_WALK);
const client = (kind, token) => (generator.default ?? generator)(kind, origin, token, "megalodon");
const a = client("mastodon", amina);
const b = client("mastodon", badr);
const me = (await a.verifyAccountCredentials()).data;
const them = (await b.verifyAccountCredentials()).data;

test("knows what it talks to", async () => {
  const { detector } = await import("megalodon");
  assert.equal((await a.getInstance()).data.title, "Majlis");
  assert.ok(Array.isArray((await a.getInstancePeers()).data));
  assert.ok(Array.isArray((await a.getInstanceActivity()).data));
  assert.ok(Array.isArray((await a.getInstanceCustomEmojis()).data));
  assert.ok((await a.streamingURL()).startsWith("ws://"));
  assert.equal(typeof detector, "function");
});

test("posts, edits, answers and deletes", async () => {
  const { data: status } = await a.postStatus("From megalodon", { visibility: "public", language: "en" });
  assert.equal(status.content, "<p>From megalodon</p>");
  const { data: edited } = await a.editStatus(status.id, { status: "From megalodon, edited" });
  assert.ok(edited.edited_at);
  const { data: reply } = await b.postStatus("@amina yes", { in_reply_to_id: status.id });
  assert.deepEqual((await a.getStatusContext(status.id)).data.descendants.map((found) => found.id), [reply.id]);
  assert.equal((await a.getStatusSource(status.id)).data.text, "From megalodon, edited");
  for (const [act, undo, flag] of [
    ["favouriteStatus", "unfavouriteStatus", "favourited"],
    ["reblogStatus", "unreblogStatus", "reblogged"],
    ["bookmarkStatus", "unbookmarkStatus", "bookmarked"],
    ["muteStatus", "unmuteStatus", "muted"],
  ]) {
    const { data: done } = await b[act](status.id);
    assert.equal((done.reblog ?? done)[flag], true, act);
    assert.equal((await b[undo](status.id)).data[flag], false, undo);
  }
  await a.deleteStatus(status.id);
  await assert.rejects(a.getStatus(status.id));
});

test("quotes", async () => {
  const { data: quoted } = await b.postStatus("Quote me", { visibility: "public" });
  const { data: status } = await a.postStatus("As she says", { quote_id: quoted.id, quoted_status_id: quoted.id });
  const raw = await fetch(`${origin}/api/v1/statuses/${status.id}`).then((answer) => answer.json());
  assert.equal(raw.id, status.id);
});

test("schedules, moves and cancels", async () => {
  const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
  const { data: planned } = await a.postStatus("Later", { scheduled_at: at(30) });
  assert.equal(planned.params.text, "Later");
  assert.deepEqual((await a.getScheduledStatuses()).data.map((found) => found.id), [planned.id]);
  const moved = (await a.scheduleStatus(planned.id, at(60))).data;
  assert.ok(moved.scheduled_at > planned.scheduled_at);
  await a.cancelScheduledStatus(planned.id);
  assert.deepEqual((await a.getScheduledStatuses()).data, []);
});

test("filters", async () => {
  const { data: filter } = await a.createFilter("rain", ["home", "public"], { whole_word: true });
  assert.equal((await a.getFilter(filter.id)).data.phrase, "rain");
  assert.equal((await a.updateFilter(filter.id, "snow", ["home"], { whole_word: true })).data.phrase, "snow");
  assert.equal((await a.getFilters()).data.length, 1);
  await a.deleteFilter(filter.id);
  assert.deepEqual((await a.getFilters()).data, []);
});

test("follows people, hashtags and features both", async () => {
  assert.equal((await a.followAccount(them.id)).data.following, true);
  assert.equal((await a.pinAccount(them.id)).data.endorsed, true);
  assert.deepEqual((await a.getEndorsements()).data.map((found) => found.id), [them.id]);
  assert.equal((await a.unpinAccount(them.id)).data.endorsed, false);
  assert.equal((await a.subscribeAccount(them.id)).data.notifying, true);
  assert.equal((await a.setAccountNote(them.id, "kind")).data.note, "kind");
  await b.postStatus("#tea for all", { visibility: "public" });
  assert.equal((await a.followTag("tea")).data.following, true);
  assert.deepEqual((await a.getFollowedTags()).data.map((tag) => tag.name), ["tea"]);
  assert.equal((await a.getTag("tea")).data.following, true);
  assert.equal((await a.unfollowTag("tea")).data.following, false);
  const { data: featured } = await a.createFeaturedTag("coffee");
  assert.equal((await a.getFeaturedTags()).data[0].name, "coffee");
  await a.deleteFeaturedTag(featured.id);
  assert.ok(Array.isArray((await a.getSuggestedTags()).data));
  assert.ok(Array.isArray((await a.getSuggestions()).data));
  assert.ok(Array.isArray((await a.getInstanceDirectory()).data));
  assert.ok(Array.isArray((await a.getInstanceTrends()).data));
});

test("blocks servers and reports", async () => {
  await a.blockDomain("bad.example");
  assert.deepEqual((await a.getDomainBlocks()).data, ["bad.example"]);
  await a.unblockDomain("bad.example");
  assert.deepEqual((await a.getDomainBlocks()).data, []);
  const { data: report } = await a.report(them.id, { comment: "look", category: "spam" });
  assert.equal(report.category, "spam");
});

test("attaches media", async () => {
  const folder = await mkdtemp(join(tmpdir(), "megalodon-"));
  await writeFile(join(folder, "picture.png"), Buffer.from(picture, "base64"));
  const { data: media } = await a.uploadMedia(createReadStream(join(folder, "picture.png")), { description: "A gradient" });
  await rm(folder, { recursive: true });
  assert.equal((await a.updateMedia(media.id, { description: "Colours" })).data.description, "Colours");
  const { data: status } = await a.postStatus("Picture", { media_ids: [media.id] });
  assert.equal(status.media_attachments[0].description, "Colours");
});

test("votes", async () => {
  const { data: asked } = await b.postStatus("Which?", { poll: { options: ["tea", "coffee"], expires_in: 3600, multiple: false } });
  const { data: poll } = await a.votePoll(asked.poll.id, [1]);
  assert.deepEqual(poll.options.map((option) => option.votes_count), [0, 1]);
  assert.equal((await a.getPoll(poll.id)).data.voted, true);
});

test("keeps lists, markers and conversations", async () => {
  await a.followAccount(them.id);
  const { data: list } = await a.createList("Friends");
  await a.addAccountsToList(list.id, [them.id]);
  assert.equal((await a.getAccountsInList(list.id)).data.length, 1);
  const { data: status } = await b.postStatus("For friends", { visibility: "public" });
  assert.equal((await a.getListTimeline(list.id)).data[0].id, status.id);
  await a.deleteAccountsFromList(list.id, [them.id]);
  await a.deleteList(list.id);
  await a.saveMarkers({ home: { last_read_id: status.id } });
  assert.equal((await a.getMarkers(["home"])).data.home.last_read_id, status.id);
  await b.postStatus("@amina psst", { visibility: "direct" });
  const [conversation] = (await a.getConversationTimeline()).data;
  assert.equal((await a.readConversation(conversation.id)).data.unread, false);
  await a.deleteConversation(conversation.id);
});

test("is notified, and pushed to", async () => {
  const { data: status } = await a.postStatus("Like me");
  await b.favouriteStatus(status.id);
  const [newest] = (await a.getNotifications({ limit: 1 })).data;
  assert.deepEqual([newest.type, newest.status.id, newest.account.id], ["favourite", status.id, them.id]);
  assert.equal((await a.getNotification(newest.id)).data.id, newest.id);
  await a.dismissNotification(newest.id);
  await a.dismissNotifications();
  assert.deepEqual((await a.getNotifications()).data, []);
  // The receiver's point on the curve and secret, of RFC 8291, appendix A.
  const keys = {
    p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    auth: "BTBZMqHH6r4Tts7J_aSIgg",
  };
  const { data: push } = await a.subscribePushNotification({ endpoint: "https://push.example/1", keys }, { alerts: { favourite: true } });
  assert.equal(push.alerts.favourite, true);
  assert.equal((await a.getPushSubscription()).data.endpoint, "https://push.example/1");
  await a.updatePushSubscription({ alerts: { mention: true } });
  await a.deletePushSubscription();
});

test("searches", async () => {
  assert.equal((await a.search("badr", { type: "accounts" })).data.accounts[0].id, them.id);
  assert.equal((await a.lookupAccount("badr")).data.id, them.id);
  assert.deepEqual((await a.getRelationships([them.id])).data.map((found) => found.id), [them.id]);
  assert.ok((await a.getAccountStatuses(me.id)).data.length > 0);
});

test("reacts with emoji, as with Pleroma", async () => {
  const { data: status } = await b.postStatus("React", { visibility: "public" });
  const p = client("pleroma", amina);
  await p.createEmojiReaction(status.id, "🍵");
  const { data: reactions } = await p.getEmojiReactions(status.id);
  assert.deepEqual(reactions.map(({ name, count, me: mine }) => [name, count, mine]), [["🍵", 1, true]]);
  await p.deleteEmojiReaction(status.id, "🍵");
  assert.deepEqual((await p.getEmojiReactions(status.id)).data, []);
});
