//! `majlis emoji …`: the custom emoji of this server.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use majlis_local::emojis::{self, NewEmoji};
use majlis_media::{Limits, Media};

use super::{Failure, output};
use crate::config::Config;
use crate::{database, rooms};

/// What can be done about custom emoji.
#[derive(Debug, Subcommand)]
pub enum EmojiCommand {
    /// Add an emoji
    Add {
        /// What people write between colons: letters, digits and _
        shortcode: String,
        /// The picture: PNG, GIF, WebP or JPEG, which may move
        file: PathBuf,
        /// The heading under which pickers show it
        #[arg(long)]
        category: Option<String>,
        /// Leave it out of pickers
        #[arg(long)]
        hidden: bool,
    },
    /// List all emoji
    List,
    /// Remove an emoji: nobody can use it any more. Posts that have it keep it
    Remove {
        /// What people write between colons
        shortcode: String,
        /// Delete its picture too: posts that have it show its name instead
        #[arg(long)]
        with_picture: bool,
    },
}

/// Does what was asked about emoji. A server that runs offers new ones within a minute.
///
/// # Errors
/// A file that is no picture, a name that is taken or none, and what the database refuses.
pub async fn run(config: &Config, command: EmojiCommand) -> Result<ExitCode, Failure> {
    let (db, _) = database::open_to_write(config, config.listen.port()).await?;
    match command {
        EmojiCommand::Add { shortcode, file, category, hidden } => {
            let media = Media::new(rooms::store(config)?, Limits { bytes: config.upload_limit.0, ..Limits::default() });
            let bytes = std::fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let stored = media.emoji(bytes.into()).await?;
            let new = NewEmoji {
                shortcode,
                file: stored.original.key.to_string(),
                static_file: stored.still.key.to_string(),
                category,
                visible: !hidden,
            };
            if let Err(error) = db.write(move |c| emojis::create(c, new)).await {
                media.remove(stored.keys()).await?;
                return Err(error.into());
            }
        }
        EmojiCommand::List => {
            let mut lines = String::new();
            for emoji in db.read(emojis::all).await? {
                let (category, shown) = (emoji.category.unwrap_or_default(), if emoji.visible { "" } else { "hidden" });
                let _ = writeln!(lines, ":{}:\t{category}\t{shown}", emoji.shortcode);
            }
            output::print(&lines);
        }
        EmojiCommand::Remove { shortcode, with_picture } => {
            let shortcode = shortcode.trim_matches(':').to_owned();
            db.write(move |c| emojis::remove(c, &shortcode, with_picture)).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
