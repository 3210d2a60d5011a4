//! The way out for letters: a mail server that is handed them, or files in a folder for whoever has none yet.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use majlis_local::Timestamp;
use majlis_local::ids::JobId;
use majlis_web::letters::Written;

use crate::cli::Failure;
use crate::config::values::{Encryption, SmtpUrl};

/// How long a mail server may take for one step.
const STEP: Duration = Duration::from_secs(30);
/// Connections to the mail server at a time.
const CONNECTIONS: u32 = 4;

/// Who sends letters, and how.
#[derive(Debug, Clone)]
pub struct Mailer {
    from: Address,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Outbox(PathBuf),
}

/// Why a letter was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsent {
    /// It may be sent later.
    Later(String),
    /// It never will be: something about it is refused.
    Never(String),
    /// No letter to this address ever will be: nobody is there.
    Nobody(String),
}

impl Mailer {
    /// Hands letters to a mail server.
    ///
    /// # Errors
    /// When its name cannot be one, or TLS cannot be set up.
    pub fn smtp(url: &SmtpUrl, from: Address) -> Result<Self, Failure> {
        let encryption = match url.encryption {
            Encryption::Tls => Tls::Wrapper(TlsParameters::new(url.host.clone())?),
            Encryption::StartTls => Tls::Required(TlsParameters::new(url.host.clone())?),
            Encryption::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&url.host)
            .port(url.port)
            .tls(encryption)
            .timeout(Some(STEP))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((name, password)) = &url.credentials {
            builder = builder.credentials(Credentials::new(name.clone(), password.clone()));
        }
        Ok(Self { from, way: Way::Smtp(builder.build()) })
    }

    /// Writes letters to files in a folder.
    pub fn outbox(folder: PathBuf, from: Address) -> Self {
        Self { from, way: Way::Outbox(folder) }
    }

    /// Sends a letter. The same job sends the same letter: a mail server that has it already may throw the second away.
    ///
    /// # Errors
    /// [`Unsent`].
    pub async fn send(&self, id: JobId, to: &str, letter: Written) -> Result<(), Unsent> {
        let to: Address = to.parse().map_err(|error| Unsent::Never(format!("no address: {error}")))?;
        let message = self.message(id, to.clone(), letter).map_err(|error| Unsent::Never(error.to_string()))?;
        match &self.way {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if is_about_the_address(&error) => Err(Unsent::Nobody(error.to_string())),
                // A refusal of this letter. What is wrong with us (a password, say) may be mended meanwhile.
                Err(error) if error.is_permanent() && is_about_the_letter(&error) => Err(Unsent::Never(error.to_string())),
                Err(error) => Err(Unsent::Later(error.to_string())),
            },
            Way::Outbox(folder) => write(folder, id, &message).await.map_err(|error| Unsent::Later(error.to_string())),
        }
    }

    fn message(&self, id: JobId, to: Address, letter: Written) -> Result<Message, lettre::error::Error> {
        let envelope = Envelope::new(Some(self.from.clone()), vec![to.clone()])?;
        let mut message = Message::builder()
            .envelope(envelope)
            .from(Mailbox::new(Some(letter.sender), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.domain())))
            // RFC 3834 §5: nobody's machine answers.
            .raw_header(header("Auto-Submitted", "auto-generated"));
        if let Some(address) = letter.unsubscribe {
            message = message
                .raw_header(header("List-Unsubscribe", &format!("<{address}>")))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        let part = |kind: ContentType, body: String| SinglePart::builder().header(kind).body(body);
        message.multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, letter.text))
                .singlepart(part(ContentType::TEXT_HTML, letter.html)),
        )
    }
}

/// Codes that speak of the recipient or the content (RFC 5321 §4.2.3), not of who sends.
fn is_about_the_letter(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 550..=554))
}

/// The mail server says with an enhanced code that the address is wrong (RFC 3463 §3.2, `5.1.1`). Without one 550 may mean anything,
/// up to a letter that is taken for spam.
fn is_about_the_address(error: &lettre::transport::smtp::Error) -> bool {
    error.is_permanent() && error.to_string().contains(" 5.1.")
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Beside it first, then in its place: whoever looks into the folder sees whole letters. They are for the operator's eyes:
/// their links let people in.
async fn write(folder: &Path, id: JobId, message: &Message) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    tokio::fs::create_dir_all(folder).await?;
    tokio::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).await?;
    let name = format!("{}-{id}.eml", Timestamp::now().to_utc().format("%Y%m%dT%H%M%SZ"));
    let beside = folder.join(format!(".{name}"));
    tokio::fs::write(&beside, message.formatted()).await?;
    tokio::fs::rename(&beside, folder.join(name)).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    fn letter() -> Written {
        Written {
            sender: "مجلس".into(),                             // typos: other language
            subject: "أكِّد بريدك".into(),                       // typos: other language
            text: "سلام\n.\nhttps://majlis.example/x\n".into(), // typos: other language
            html: "<p dir=\"rtl\">سلام</p>".into(),             // typos: other language
            unsubscribe: Some("https://majlis.example/u".into()),
        }
    }

    /// A mail server for one letter: answers `RCPT` with a code, and gives back what it was told.
    async fn server(code: &'static str) -> (SmtpUrl, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
            let (mut told, mut in_data) = (String::new(), false);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return told;
                }
                told.push_str(&line);
                let answer = match line.trim_end() {
                    "." if in_data => {
                        in_data = false;
                        "250 taken"
                    }
                    _ if in_data => continue,
                    line if line.starts_with("EHLO") => "250-mail.example\r\n250 8BITMIME",
                    line if line.starts_with("RCPT") => code,
                    "DATA" => {
                        in_data = true;
                        "354 go on"
                    }
                    "QUIT" => {
                        let _ = stream.write_all(b"221 bye\r\n").await;
                        return told;
                    }
                    _ => "250 good",
                };
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                if answer == "250 taken" || answer.starts_with('5') {
                    return told;
                }
            }
        });
        let url = SmtpUrl { host: "127.0.0.1".into(), port, credentials: None, encryption: Encryption::None };
        (url, task)
    }

    #[tokio::test]
    async fn a_mail_server_gets_the_letter_or_says_why_not() {
        let from: Address = "majlis@majlis.example".parse().unwrap();
        let (url, told) = server("250 good").await;
        let mailer = Mailer::smtp(&url, from.clone()).unwrap();
        mailer.send(JobId(7), "ali@example.org", letter()).await.unwrap();
        let told = told.await.unwrap();
        for part in [
            "MAIL FROM:<majlis@majlis.example>",
            "RCPT TO:<ali@example.org>",
            "Message-ID: <7@majlis.example>",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://majlis.example/u>",
            "Content-Type: multipart/alternative",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        for (code, kind) in [
            ("550 not here", "Never"),
            ("550 5.7.1 spam", "Never"),
            ("550 5.1.1 nobody of this name", "Nobody"),
            ("451 4.1.1 later", "Later"),
            ("535 who are you", "Later"),
        ] {
            let (url, told) = server(code).await;
            let outcome = Mailer::smtp(&url, from.clone()).unwrap().send(JobId(8), "nobody@example.org", letter()).await;
            let unsent = format!("{:?}", outcome.unwrap_err());
            assert!(unsent.starts_with(kind), "{code}: {unsent}");
            told.abort();
        }
        let closed = SmtpUrl { host: "127.0.0.1".into(), port: 9, credentials: None, encryption: Encryption::None };
        let outcome = Mailer::smtp(&closed, from).unwrap().send(JobId(9), "ali@example.org", letter()).await;
        assert!(matches!(outcome, Err(Unsent::Later(_))), "{outcome:?}");
    }

    #[tokio::test]
    async fn an_outbox_holds_whole_letters_for_the_operators_eyes() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let outbox = folder.path().join("outbox");
        let mailer = Mailer::outbox(outbox.clone(), "majlis@majlis.example".parse().unwrap());
        mailer.send(JobId(7), "ali@example.org", letter()).await.unwrap();
        assert!(matches!(mailer.send(JobId(8), "a\r\nBcc: b@example.org", letter()).await, Err(Unsent::Never(_))));
        let names: Vec<_> = std::fs::read_dir(&outbox).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.len() == 1 && names[0].to_string_lossy().ends_with("-7.eml"), "{names:?}");
        let text = std::fs::read_to_string(outbox.join(&names[0])).unwrap();
        assert!(text.contains("To: ali@example.org") && text.contains("text/html"), "{text}");
        assert_eq!(std::fs::metadata(&outbox).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
