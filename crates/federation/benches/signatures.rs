//! What a signature costs: made and verified, in both schemes and with both kinds of keys.
//! Run with `cargo bench -p majlis-federation --bench signatures`; results are in docs/PERFORMANCE.md.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use chrono::Utc;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use majlis_federation::sig::{BodyDigest, Headers, Outgoing, PrivateKey, Request, Scheme, check, sign};
use url::Url;

fn signatures(c: &mut Criterion) {
    let origin: Url = "https://majlis.example".parse().unwrap();
    let url: Url = "https://majlis.example/inbox".parse().unwrap();
    // About the size of a Create{Note} with a mention.
    let body = vec![b'x'; 2560];
    let mut group = c.benchmark_group("signatures");
    group.throughput(Throughput::Elements(1));
    for (kind, key) in [("rsa2048", PrivateKey::generate_rsa().unwrap()), ("ed25519", PrivateKey::generate_ed25519().unwrap())] {
        let public = key.public_key().unwrap();
        let digest = BodyDigest::of(&body);
        for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
            let outgoing = Outgoing { method: "POST", url: &url, digest: Some(&digest) };
            group.bench_function(format!("sign/{scheme}/{kind}"), |b| {
                b.iter(|| sign(black_box(outgoing), scheme, "https://peer.example/actor#main-key", &key, Utc::now()).unwrap());
            });
            let fields = sign(outgoing, scheme, "https://peer.example/actor#main-key", &key, Utc::now()).unwrap();
            let now = Utc::now();
            group.bench_function(format!("verify/{scheme}/{kind}"), |b| {
                b.iter(|| {
                    let mut headers: Headers<'_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    headers.push("host", "majlis.example");
                    let request = Request { method: "POST", path_and_query: "/inbox", headers, body: black_box(&body) };
                    check(&request, now, &origin).unwrap().verify(&public).unwrap();
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, signatures);
criterion_main!(benches);
