//! What text costs: a post of 500 characters scanned, rendered, counted and indexed; a remote post sanitised.
//! Run with `cargo bench -p majlis-local --bench text`.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use majlis_local::text::{self, Format, Handle, Mentioned, Resolved, language, search};

/// 500 characters with two mentions, three hashtags and a link.
fn english() -> String {
    let start = "@ali and @sara@there.example: have you seen https://en.wikipedia.org/wiki/Rust_(programming_language)? ";
    let end = "\n\n#rust #fediverse #majlis";
    fill(start, "It is a pleasure to write about it with you here :blobcat: ", end)
}

fn arabic() -> String {
    let start = "@ali و @sara@there.example، هل رأيتم https://ar.wikipedia.org/wiki/مدرسة؟ ";
    let end = "\n\n#مدرسة #فيديفيرس #مجلس";
    fill(start, "ذهبتُ إلى المدرسة صباح اليوم وبالطريق رأيت أصدقاءنا القدامى ", end)
}

fn fill(start: &str, filling: &str, end: &str) -> String {
    let room = 500 - start.chars().count() - end.chars().count();
    let filling: String = filling.chars().cycle().take(room).collect();
    format!("{start}{filling}{end}")
}

fn resolved() -> Resolved {
    let person = |handle: Handle, url: &str, acct: &str| (handle, Mentioned { url: url.into(), acct: acct.into() });
    let sara = Handle { name: "sara".into(), domain: Some("there.example".into()) };
    Resolved {
        mentions: HashMap::from([
            person(Handle::local("ali"), "https://here.example/@ali", "ali"),
            person(sara, "https://there.example/@sara", "sara@there.example"),
        ]),
        tag_base_url: "https://here.example/tags/".into(),
    }
}

fn texts(c: &mut Criterion) {
    let resolved = resolved();
    for (language_name, post) in [("english", english()), ("arabic", arabic())] {
        let mut group = c.benchmark_group(language_name);
        let html = text::render(&post, Format::Plain, &resolved);
        let plain = text::plain(&html);
        group.bench_function("scan", |b| b.iter(|| text::scan(black_box(&post), Format::Plain)));
        group.bench_function("render", |b| b.iter(|| text::render(black_box(&post), Format::Plain, &resolved)));
        group.bench_function("render markdown", |b| b.iter(|| text::render(black_box(&post), Format::Markdown, &resolved)));
        group.bench_function("count", |b| b.iter(|| text::count(black_box(&post), "")));
        group.bench_function("terms", |b| b.iter(|| search::terms(black_box(&plain))));
        group.bench_function("sanitise", |b| b.iter(|| text::sanitise(black_box(&html))));
        group.bench_function("plain", |b| b.iter(|| text::plain(black_box(&html))));
        group.bench_function("detect", |b| b.iter(|| language::detect(black_box(&post))));
        group.finish();
    }
}

fn hostile(c: &mut Criterion) {
    let nested = "<b>".repeat(100_000);
    c.bench_function("sanitise 100,000 nested tags", |b| b.iter(|| text::sanitise(black_box(&nested))));
}

criterion_group!(benches, texts, hostile);
criterion_main!(benches);
