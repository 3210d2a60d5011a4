//! What is measured, what it may cost, and what GoToSocial needed on a machine of the same kind.

/// A scenario of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What one request is.
    pub(crate) what: &'static str,
    /// CPU seconds of the whole server per 1,000; `None` where the figure only explains others.
    pub(crate) most: Option<f64>,
    /// GoToSocial's figure, as measured with SQLite and 20 items a page.
    pub(crate) gotosocial: &'static str,
    /// Requests of one round.
    pub(crate) requests: usize,
}

const fn aim(name: &'static str, what: &'static str, most: f64, gotosocial: &'static str, requests: usize) -> Aim {
    Aim { name, what, most: Some(most), gotosocial, requests }
}

/// All that cost CPU time, in the order in which they run: those that only read come first.
pub(crate) const AIMS: &[Aim] = &[
    aim("home", "home timeline, 20 posts", 0.35, "1.2", 3_000),
    aim("notifications", "notifications, 20", 0.4, "1.6", 3_000),
    Aim { name: "groups", what: "notifications in groups, 20", most: Some(0.6), gotosocial: "", requests: 3_000 },
    aim("context", "context of 100 replies", 1.0, "6", 1_000),
    aim("status", "one status", 0.08, "0.08", 10_000),
    aim("search", "search, 20 posts found", 0.4, "1.4", 3_000),
    aim("instance", "instance", 0.04, "0.04", 20_000),
    aim("profile", "profile as a page, 20 posts", 0.6, "21", 2_000),
    aim("actor", "actor as ActivityPub", 0.1, "0.2 (signed)", 10_000),
    aim("note", "note as ActivityPub", 0.1, "0.2 (signed)", 10_000),
    aim("posting", "posting, to followers here", 0.8, "11", 1_500),
    aim("favourite", "favourite of a post here", 0.4, "3", 1_500),
    Aim {
        name: "favourite-remote",
        what: "favourite of a post elsewhere, with its delivery",
        most: None,
        gotosocial: "",
        requests: 400,
    },
    aim("inbox", "inbound Create, Like and Announce: verified, stored, fsynced", 0.35, "8-10", 3_000),
    aim("follows", "follow by an unknown actor: fetched, stored, accepted", 2.0, "20", 600),
    aim("deliveries", "delivery (40 posts to 20 hosts and so on), posts included", 0.45, "1.5-2", 2_000),
];

/// What is measured in time or memory instead: names for the command line.
pub(crate) const OTHERS: &[(&str, &str)] = &[
    ("start", "start to first answer: at most 100 ms (GoToSocial 940)"),
    ("idle", "memory held ten seconds after the start: at most 30 MB (GoToSocial 126)"),
    ("sockets", "memory held with 5,000 idle sockets: at most 200 MB"),
    ("burst", "40 posts to 200 followers on 20 hosts, one of them slow and one silent"),
];
