//! `majlis token …` and `majlis invite …`: ways in, for programs and for people.

use std::process::ExitCode;

use clap::Subcommand;
use majlis_local::scopes::Scopes;
use majlis_local::{Db, Timestamp, apps, invites, tokens};

use super::{Failure, account, output};
use crate::config::Config;
use crate::database;

/// The app that tokens of the command line belong to, as people see it in their list of apps.
const APP: &str = "majlis token create";

/// What can be done about access tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make an access token for the client API; prints it, and nothing else
    Create {
        /// Whose
        name: String,
        /// What it allows, such as "read write follow push" or "read:statuses"
        #[arg(long, default_value = "read write follow push")]
        scopes: String,
    },
}

/// What can be done about invitations.
#[derive(Debug, Subcommand)]
pub enum InviteCommand {
    /// Make an invitation to sign up; prints its address
    Create {
        /// How many people may use it [default: any number]
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
        uses: Option<i32>,
        /// For how many days it holds [default: for ever]
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
    },
}

/// Does what was asked about tokens.
///
/// # Errors
/// An unknown account or scope, and what the database refuses.
pub async fn token(config: &Config, command: TokenCommand) -> Result<ExitCode, Failure> {
    let TokenCommand::Create { name, scopes } = command;
    let scopes = Scopes::parse(&scopes).map_err(|unknown| format!("there is no scope {:?}", unknown.0))?;
    let (db, _) = database::open_to_write(config, config.listen.port()).await?;
    let actor = account::find(&db, &name).await?;
    output::print(&issue(&db, actor.id, scopes).await?);
    Ok(ExitCode::SUCCESS)
}

/// A new token of a person.
///
/// # Errors
/// What the database refuses.
pub async fn issue(db: &Db, person: majlis_local::ids::ActorId, scopes: Scopes) -> Result<String, Failure> {
    let token = db
        .write(move |c| {
            let app = apps::own(c, APP)?;
            Ok(tokens::issue(c, app.id, Some(person), scopes)?.1)
        })
        .await?;
    Ok(token)
}

/// Does what was asked about invitations.
///
/// # Errors
/// What the database refuses.
pub async fn invite(config: &Config, command: InviteCommand) -> Result<ExitCode, Failure> {
    let InviteCommand::Create { uses, days } = command;
    let (db, origin) = database::open_to_write(config, config.listen.port()).await?;
    let until = days.map(|days| Timestamp::now().plus_seconds(days * 24 * 3_600));
    let invite = db.write(move |c| invites::create(c, None, uses, until)).await?;
    output::print(&format!("{origin}/invite/{}", invite.code));
    Ok(ExitCode::SUCCESS)
}
