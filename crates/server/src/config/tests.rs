//! Precedence, wrong values, unknown keys, and the manual.

use super::*;
use sources::Given;

fn given(flags: &[(&'static str, &str)], environment: &[(&str, &str)]) -> Given {
    Given {
        flags: flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
        environment: environment.iter().map(|(k, v)| (k.into(), v.into())).collect(),
        file: None,
    }
}

fn with_file(text: &str, mut given: Given) -> (tempfile::TempDir, Given) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("majlis.toml");
    std::fs::write(&file, text).unwrap();
    given.file = Some(file);
    (folder, given)
}

fn error(given: &Given) -> String {
    Config::load(given).unwrap_err().to_string()
}

#[test]
fn nothing_given_is_a_server_on_localhost_with_sqlite() {
    let config = Config::load(&Given::default()).unwrap().config;
    assert_eq!(config.listen, ([127, 0, 0, 1], 8080).into());
    assert_eq!(config.origin_or_port(config.listen.port()).text(), "http://localhost:8080");
    assert_eq!(config.database(), "./data/majlis.db");
    assert!(config.database_is_sqlite() && config.rate_limits && !config.private_peers);
    assert_eq!(config.registrations, Registrations::Open);
    assert_eq!(config.upload_limit, values::ByteSize(16 << 20));
    assert_eq!(config.trusted_proxies, Proxies::parse("127.0.0.0/8, ::1").unwrap());
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let file = "title = \"file\"\nlocale = \"ar\"\nrate_limits = false\npost_limit = 1000\ntrusted_proxies = [\"10.0.0.1\", \"10.0.0.2\"]\n";
    let (_folder, given) = with_file(
        file,
        given(&[("title", "flag")], &[("MAJLIS_TITLE", "variable"), ("MAJLIS_LOCALE", "en"), ("DATABASE_URL", "/x.db")]),
    );
    let loaded = Config::load(&given).unwrap();
    assert_eq!(loaded.config.title.as_deref(), Some("flag"));
    assert_eq!(loaded.sources.source("title"), Source::Flag("title".to_owned()));
    assert_eq!(loaded.config.locale, Language::English);
    assert_eq!(loaded.sources.source("locale"), Source::Variable("MAJLIS_LOCALE"));
    assert!(!loaded.config.rate_limits);
    assert_eq!(loaded.sources.source("rate_limits"), Source::File(given.file.clone().unwrap()));
    assert_eq!(loaded.config.post_limit.0, 1000);
    assert_eq!(loaded.config.trusted_proxies, Proxies::parse("10.0.0.1 10.0.0.2").unwrap());
    assert_eq!(loaded.config.database(), "/x.db");
    assert_eq!(loaded.sources.source("listen"), Source::Default);
}

#[test]
fn a_text_that_looks_like_a_number_stays_a_text() {
    let config = Config::load(&given(&[], &[("MAJLIS_TITLE", "1.0")])).unwrap().config;
    assert_eq!(config.title.as_deref(), Some("1.0"));
}

#[test]
fn wrong_values_are_named_all_at_once_with_their_source_and_what_would_be_right() {
    let (_folder, given) =
        with_file("listen = 8080\n", given(&[("registrations", "maybe")], &[("MAJLIS_RATE_LIMITS", "sometimes")]));
    let text = error(&given);
    assert!(
        text.contains("listen: \"8080\" (from ") && text.contains("majlis.toml) is not ADDRESS:PORT, such as 127.0.0.1:8080"),
        "{text}"
    );
    assert!(
        text.contains("registrations: \"maybe\" (from --registrations) is not one of open, approval, invite, closed"),
        "{text}"
    );
    assert!(text.contains("rate_limits: \"sometimes\" (from MAJLIS_RATE_LIMITS) is not on or off"), "{text}");
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    let (_folder, given) = with_file("registration = \"open\"\nzzz = 1\n[instance]\ntitle = \"x\"\n", Given::default());
    let text = error(&given);
    assert!(text.contains("registration (do you mean registrations?)"), "{text}");
    assert!(text.contains("\n  zzz\n") && text.contains("\n  instance\n"), "{text}");
}

#[test]
fn a_file_that_is_missing_or_broken_is_an_error() {
    let missing = Given { file: Some("/nowhere/majlis.toml".into()), ..Given::default() };
    assert!(error(&missing).contains("/nowhere/majlis.toml"));
    let (_folder, broken) = with_file("title = ", Given::default());
    assert!(error(&broken).contains("majlis.toml"));
}

#[test]
fn plain_http_is_for_loopback_or_private_peers() {
    let http = [("MAJLIS_ORIGIN", "http://example.org")];
    assert!(error(&given(&[], &http)).contains("origin: \"http://example.org\" (from MAJLIS_ORIGIN) is not an https:// address"));
    assert!(error(&given(&[("private_peers", "on")], &http)).contains("origin"));
    for private in ["http://10.1.2.3", "http://majlis.test:8080", "http://majlis", "http://[fd00::1]"] {
        assert!(Config::load(&given(&[("private_peers", "on")], &[("MAJLIS_ORIGIN", private)])).is_ok(), "{private}");
        assert!(Config::load(&given(&[], &[("MAJLIS_ORIGIN", private)])).is_err(), "{private}");
    }
    assert!(Config::load(&given(&[], &[("MAJLIS_ORIGIN", "http://127.0.0.1:9000")])).is_ok());
    assert!(Config::load(&given(&[], &[("MAJLIS_ORIGIN", "https://example.org")])).is_ok());
}

#[test]
fn variables_like_ours_are_noticed() {
    let loaded =
        Config::load(&given(&[], &[("MAJLIS_REGISTRATION", "closed"), ("MAJLIS_CONFIG", "x"), ("PATH", "/bin")])).unwrap();
    assert_eq!(loaded.sources.warnings(), ["MAJLIS_REGISTRATION is no setting (do you mean MAJLIS_REGISTRATIONS?)"]);
}

#[test]
fn passwords_are_never_shown() {
    let shown =
        |url: &str| Config::load(&given(&[], &[("DATABASE_URL", url)])).map_or_else(|e| e.to_string(), |l| l.sources.print());
    for url in [
        "postgres://majlis:hunter2@db/majlis",
        "postgres://db/majlis?user=a&password=hunter2",
        "mysql://a:hunter2@db/x",
        "postgres://a:hunter2 @b c",
    ] {
        let page = shown(url);
        assert!(!page.contains("hunter2") && page.contains('…'), "{page}");
    }
    let page = Config::load(&Given::default()).unwrap().sources.print();
    assert!(page.contains("listen") && page.lines().count() == DEFINITIONS.len() && page.contains("# default"), "{page}");
}

#[test]
fn flags_and_variables_follow_the_key() {
    for d in DEFINITIONS {
        let variable = format!("MAJLIS_{}", d.key.to_uppercase());
        assert!(d.variable == variable || d.variable == "DATABASE_URL", "{}", d.variable);
    }
}

#[test]
fn the_manual_says_what_the_definitions_say() {
    const BEGIN: &str = "<!-- settings: written by `MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-server manual` -->\n";
    const END: &str = "<!-- end of settings -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIGURATION.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the beginning of the settings");
    let (_, after) = rest.split_once(END).expect("the end of the settings");
    let right = format!("{before}{BEGIN}{}{END}{after}", manual());
    if std::env::var_os("MAJLIS_WRITE_MANUAL").is_some() {
        std::fs::write(path, right).unwrap();
    } else {
        assert_eq!(page, right, "docs/CONFIGURATION.md is behind the definitions");
    }
}
