//! `majlis account …`: the people of this server, as whoever runs it makes, changes and removes them.

use std::fmt::Write as _;
use std::io::BufRead as _;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use majlis_local::actors::{self, Actor};
use majlis_local::registrations::{self, NewAccount};
use majlis_local::text::Handle;
use majlis_local::users::{self, Role, Standing};
use majlis_local::{Db, moves, passwords, secrets};

use super::{Failure, output};
use crate::config::Config;
use crate::database;
use crate::rooms::Rooms;

/// What can be done about an account.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account; prints its handle, and the password when none was given
    Create {
        /// The name that others write behind the first @
        name: String,
        /// Its e-mail address
        #[arg(long)]
        email: String,
        /// Its password; `-` reads it from standard input, and without this one is made up
        #[arg(long)]
        password: Option<String>,
        /// What it may do
        #[arg(long, value_enum, default_value_t = RoleWord::User)]
        role: RoleWord,
        /// Take the e-mail address for confirmed: without it, `account approve` comes first
        #[arg(long)]
        confirmed: bool,
    },
    /// Give an account another password, which ends all its log-ins; prints it when none was given
    Password {
        /// Whose
        name: String,
        /// The password; `-` reads it from standard input, and without this one is made up
        #[arg(long)]
        password: Option<String>,
    },
    /// List all accounts
    List,
    /// Change what an account may do
    Role {
        /// Whose
        name: String,
        /// To what
        #[arg(value_enum)]
        role: RoleWord,
    },
    /// Let an account in that waits for approval or for a confirmed address, or that was disabled
    Approve {
        /// Whose
        name: String,
    },
    /// Shut an account out until it is approved again
    Disable {
        /// Whose
        name: String,
    },
    /// Say that another account is the same person's, so that it may move here; without a command, list those
    Alias {
        /// Whose
        name: String,
        /// What to do
        #[command(subcommand)]
        command: Option<AliasCommand>,
    },
    /// Move an account to another one, which must name it among its aliases; its followers are taken along
    Move {
        /// Whose
        name: String,
        /// Where to, as name@example.org; without it, a move is taken back
        target: Option<String>,
    },
    /// Delete an account for good, here and on other servers; its name stays taken
    Delete {
        /// Whose
        name: String,
    },
}

/// What can be done about aliases.
#[derive(Debug, Subcommand)]
pub enum AliasCommand {
    /// Name one
    Add {
        /// As name@example.org
        handle: String,
    },
    /// Take one back
    Remove {
        /// As name@example.org, or its address
        handle: String,
    },
}

/// A role, as it is written on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleWord {
    /// The one who cannot be demoted
    Owner,
    /// The server's settings too
    Admin,
    /// Reports and accounts
    Moderator,
    /// Its own affairs
    User,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Owner => Self::Owner,
            RoleWord::Admin => Self::Admin,
            RoleWord::Moderator => Self::Moderator,
            RoleWord::User => Self::User,
        }
    }
}

/// Does it.
///
/// # Errors
/// What the rules or the database refuse.
pub async fn run(config: &Config, command: AccountCommand) -> Result<ExitCode, Failure> {
    let (db, _) = database::open_to_write(config, config.listen.port()).await?;
    match command {
        AccountCommand::Create { name, email, password, role, confirmed } => {
            let (password, made_up) = given_or_made_up(password)?;
            let locale = config.locale.code().to_owned();
            let account = NewAccount { username: name, email, password: password.clone(), role: role.into(), locale, confirmed };
            let id = registrations::create_account(&db, account).await?;
            let actor = db.read(move |c| actors::get(c, id)).await?;
            output::print(&format!("@{}@{}", actor.username, db.site().domain()));
            show(&password, made_up);
        }
        AccountCommand::Password { name, password } => {
            let (password, made_up) = given_or_made_up(password)?;
            let actor = find(&db, &name).await?;
            passwords::change(&db, actor.id, password.clone()).await?;
            show(&password, made_up);
        }
        AccountCommand::List => output::print(&list(&db).await?),
        AccountCommand::Role { name, role } => {
            let actor = find(&db, &name).await?;
            db.write(move |c| users::set_role(c, actor.id, role.into())).await?;
        }
        AccountCommand::Approve { name } => set_standing(&db, &name, Standing::Active).await?,
        AccountCommand::Disable { name } => set_standing(&db, &name, Standing::Disabled).await?,
        AccountCommand::Alias { name, command } => {
            let actor = find(&db, &name).await?;
            alias(config, &db, actor, command).await?;
        }
        AccountCommand::Move { name, target } => {
            let actor = find(&db, &name).await?;
            match target {
                Some(target) => {
                    let target = elsewhere(config, &db, &target).await?;
                    db.write(move |c| moves::go(c, actor.id, target.id)).await?;
                }
                None => db.write(move |c| moves::stay(c, actor.id)).await?,
            }
        }
        AccountCommand::Delete { name } => {
            let actor = find(&db, &name).await?;
            db.write(move |c| users::delete(c, actor.id)).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The account of a name, however it is written: `amina`, `@amina`, `@amina@here.example`.
///
/// # Errors
/// When there is none.
pub async fn find(db: &Db, typed: &str) -> Result<Actor, Failure> {
    let bare = typed.trim().trim_start_matches('@');
    let name = match bare.split_once('@') {
        Some((name, domain)) if db.site().is_own_domain(domain) => name,
        Some(_) => return Err(format!("{typed} is not an account of this server").into()),
        None => bare,
    };
    let name = name.to_owned();
    let found = db.read(move |c| actors::by_handle(c, &name, None)).await?.filter(|actor| !actor.is_gone());
    found.ok_or_else(|| format!("there is no account {typed:?} here").into())
}

async fn alias(config: &Config, db: &Db, actor: Actor, command: Option<AliasCommand>) -> Result<(), Failure> {
    match command {
        None => {
            for alias in db.read(move |c| moves::aliases(c, actor.id)).await? {
                output::print(&alias);
            }
        }
        Some(AliasCommand::Add { handle }) => {
            let other = elsewhere(config, db, &handle).await?;
            db.write(move |c| moves::add_alias(c, actor.id, &other)).await?;
        }
        Some(AliasCommand::Remove { handle }) => {
            let uri = if handle.contains("://") { handle } else { elsewhere(config, db, &handle).await?.uri };
            db.write(move |c| moves::remove_alias(c, actor.id, &uri)).await?;
        }
    }
    Ok(())
}

/// The account of a handle, here or on another server, as its home describes it now.
async fn elsewhere(config: &Config, db: &Db, typed: &str) -> Result<Actor, Failure> {
    let handle = Handle::parse(typed).ok_or_else(|| format!("{typed:?} is not a handle such as name@example.org"))?;
    let rooms = Rooms::new(config, db.clone()).await?;
    let found = rooms.federation.resolve_afresh(&handle).await;
    found.map_err(|error| format!("{typed} cannot be found: {error}").into())
}

async fn set_standing(db: &Db, name: &str, standing: Standing) -> Result<(), Failure> {
    let actor = find(db, name).await?;
    db.write(move |c| users::set_standing(c, actor.id, standing).map(drop)).await?;
    Ok(())
}

async fn list(db: &Db) -> Result<String, Failure> {
    let all = db.read(users::all).await?;
    let widest = all.iter().map(|(_, actor)| actor.username.chars().count()).max().unwrap_or_default();
    let mut page = String::new();
    for (user, actor) in all {
        let standing = match user.standing() {
            Standing::Active => "active",
            Standing::Unconfirmed => "unconfirmed",
            Standing::Pending => "pending",
            Standing::Disabled => "disabled",
        };
        let since = user.created_at.to_date();
        let _ = writeln!(page, "{:widest$}  {:9}  {standing:11}  {since}  {}", actor.username, user.role.word(), user.email);
    }
    Ok(page)
}

/// The password that was given, or one that nobody can guess.
fn given_or_made_up(password: Option<String>) -> Result<(String, bool), Failure> {
    match password.as_deref() {
        None => Ok((secrets::generate(), true)),
        Some("-") => {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            Ok((line.trim_end_matches(['\r', '\n']).to_owned(), false))
        }
        Some(password) => Ok((password.to_owned(), false)),
    }
}

fn show(password: &str, made_up: bool) {
    if made_up {
        output::print(password);
    }
}
