//! The addresses under which pictures of other servers are shown from here. Each is signed, and says what its bearer may cause: those
//! made for people who are logged in may have the picture fetched, those made for anybody else only look at what is there.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ids::AttachmentId;
use crate::secrets::Key;
use crate::time::Timestamp;

/// How long an address is told in the same words, so that apps keep what they have loaded; it is good for one such time more.
const WEEK_SECONDS: i64 = 7 * 24 * 3_600;
/// Bytes of a signature.
const LENGTH: usize = 16;

/// What the bearer of an address may cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The picture is fetched when it is not here.
    Fetch,
    /// What is not here stays where it is.
    Look,
}

impl Grant {
    const ALL: [Self; 2] = [Self::Fetch, Self::Look];

    fn word(self) -> &'static str {
        match self {
            Self::Fetch => "f",
            Self::Look => "l",
        }
    }
}

/// Makes the addresses, for one kind of bearer.
#[derive(Debug, Clone)]
pub struct PictureProxy {
    key: Arc<hmac::Key>,
    grant: Grant,
}

impl PictureProxy {
    /// Addresses signed with this key, for bearers with this grant.
    pub fn new(key: &Key, grant: Grant) -> Self {
        Self { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key.bytes())), grant }
    }

    /// The same key, for other bearers.
    pub fn granting(&self, grant: Grant) -> Self {
        Self { key: Arc::clone(&self.key), grant }
    }

    /// What its addresses grant.
    pub fn grant(&self) -> Grant {
        self.grant
    }

    /// The path of any picture: `/media_proxy/{proof}/{address, in base64url}`.
    pub fn path(&self, url: &str) -> String {
        format!("/media_proxy/{}/{}", self.proof(url, Timestamp::now()), URL_SAFE_NO_PAD.encode(url))
    }

    /// The path of an attachment of another server: `/media_proxy/{id}/original`, or `small`, which anybody may ask for whose post
    /// is everybody's. Only a grant to fetch has to be proved.
    pub fn attachment_path(&self, id: AttachmentId, size: &str) -> String {
        match self.grant {
            Grant::Fetch => format!("/media_proxy/{id}/{size}?by={}", self.proof(&id.to_string(), Timestamp::now())),
            Grant::Look => format!("/media_proxy/{id}/{size}"),
        }
    }

    /// The address and the grant of a path that [`path`](Self::path) made; `None` when it is forged or too old.
    pub fn read(&self, proof: &str, encoded: &str) -> Option<(String, Grant)> {
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
        let grant = self.check(proof, &url)?;
        Some((url, grant))
    }

    /// What a proof about a thing grants; `None` when it is forged or too old.
    pub fn check(&self, proof: &str, thing: &str) -> Option<Grant> {
        let now = week(Timestamp::now());
        // The last one of the weeks that may have been said; a week ahead for clocks that are.
        let weeks = [now, now - 1, now + 1];
        let (said, signature) = proof.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let candidates = Grant::ALL.into_iter().flat_map(|grant| weeks.map(|week| (grant, week)));
        let (grant, week) = candidates.into_iter().find(|(grant, week)| said == format!("{}{week}", grant.word()))?;
        let right = self.signature(grant, week, thing);
        aws_lc_rs::constant_time::verify_slices_are_equal(&right, &signature).is_ok().then_some(grant)
    }

    fn proof(&self, thing: &str, now: Timestamp) -> String {
        let week = week(now);
        let signature = self.signature(self.grant, week, thing);
        format!("{}{week}.{}", self.grant.word(), URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, grant: Grant, week: i64, thing: &str) -> [u8; LENGTH] {
        let tag = hmac::sign(&self.key, format!("picture {} {week} {thing}", grant.word()).as_bytes());
        let mut short = [0; LENGTH];
        short.copy_from_slice(&tag.as_ref()[..LENGTH]);
        short
    }
}

fn week(now: Timestamp) -> i64 {
    now.millis().div_euclid(WEEK_SECONDS * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(grant: Grant) -> PictureProxy {
        PictureProxy::new(&Key::from_bytes([7; 32]), grant)
    }

    #[test]
    fn a_path_tells_its_address_and_its_grant_and_cannot_be_forged() {
        const URL: &str = "https://peer.example/a b.png?x=ä";
        for grant in Grant::ALL {
            let path = proxy(grant).path(URL);
            let (proof, encoded) = path.strip_prefix("/media_proxy/").unwrap().split_once('/').unwrap();
            // Whoever reads needs the key only.
            for reader in Grant::ALL {
                assert_eq!(proxy(reader).read(proof, encoded), Some((URL.to_owned(), grant)));
            }
            let other = URL_SAFE_NO_PAD.encode("https://peer.example/other.png");
            assert_eq!(proxy(grant).read(proof, &other), None);
            let raised = proof.replacen('l', "f", 1);
            assert_eq!(proxy(grant).read(&raised, encoded).map(|found| found.1), (grant == Grant::Fetch).then_some(Grant::Fetch));
            let stranger = PictureProxy::new(&Key::from_bytes([8; 32]), grant);
            assert_eq!(stranger.read(proof, encoded), None);
            for nonsense in ["", ".", "f", "f1.", "l0.AAAA", "x99999999999999999999.AAAAAAAAAAAAAAAAAAAAAA"] {
                assert_eq!(proxy(grant).read(nonsense, encoded), None, "{nonsense}");
            }
        }
    }

    #[test]
    fn a_proof_ends_after_the_week_that_follows() {
        let proxy = proxy(Grant::Fetch);
        let now = Timestamp::now();
        for (weeks, good) in [(0, true), (-1, true), (-2, false), (-52, false), (2, false)] {
            let proof = proxy.proof("7", now.plus_seconds(weeks * WEEK_SECONDS));
            assert_eq!(proxy.check(&proof, "7").is_some(), good, "{weeks}");
        }
        assert_eq!(proxy.proof("7", now), proxy.proof("7", now));
    }

    #[test]
    fn attachments_are_told_by_their_ids() {
        let id = AttachmentId(7);
        assert_eq!(proxy(Grant::Look).attachment_path(id, "small"), "/media_proxy/7/small");
        let path = proxy(Grant::Fetch).attachment_path(id, "original");
        let proof = path.strip_prefix("/media_proxy/7/original?by=").unwrap();
        assert_eq!(proxy(Grant::Look).check(proof, "7"), Some(Grant::Fetch));
        assert_eq!(proxy(Grant::Look).check(proof, "8"), None);
    }
}
