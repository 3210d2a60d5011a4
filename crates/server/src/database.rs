//! The way to the database: the data directory, and the origin that the database belongs to.

use majlis_local::{Db, Site, origin};

use crate::cli::Failure;
use crate::config::Config;
use crate::config::values::{Origin, Value as _};

/// Opens the database as the configuration says, and the data directory with it. The origin is the one that was asked for,
/// else the database's own, else this machine at `port`.
///
/// # Errors
/// When it cannot be used, or belongs to another origin than the one that was asked for.
pub async fn open(config: &Config, port: u16) -> Result<(Db, Origin), Failure> {
    make_data_dir(config)?;
    let wanted = config.origin_or_port(port);
    let db = open_at(config, &wanted).await?;
    let owner = db.read(origin::stored).await?;
    let Some(owner) = owner.filter(|owner| *owner != wanted.text()) else { return Ok((db, wanted)) };
    if config.origin.is_some() {
        // Perhaps nobody lives there yet: that is decided when somebody is about to.
        return Ok((db, wanted));
    }
    let owner = Origin::parse(&owner).map_err(|_| format!("the database says that it belongs to {owner:?}"))?;
    Ok((open_at(config, &owner).await?, owner))
}

/// [`open`], for those who make people and posts: from now on the database belongs to this origin.
///
/// # Errors
/// Those of [`open`].
pub async fn open_to_write(config: &Config, port: u16) -> Result<(Db, Origin), Failure> {
    let (db, wanted) = open(config, port).await?;
    let text = wanted.text();
    let owner = db.write(move |c| origin::claim(c, &text)).await?;
    if owner != wanted.text() {
        return Err(format!(
            "origin is {wanted}, but people live in this database under {owner}, which is a part of all their addresses: \
             set origin to {owner}, or begin with another database"
        )
        .into());
    }
    Ok((db, wanted))
}

async fn open_at(config: &Config, origin: &Origin) -> Result<Db, Failure> {
    let (url, site) = (config.database(), Site::new(&origin.text()).with_newsletters(config.newsletter_wait()));
    Ok(tokio::task::spawn_blocking(move || Db::open(&url, site)).await??)
}

/// Makes the data directory when it is missing; nobody else on the machine may look into it: password hashes and keys lie there.
///
/// # Errors
/// When it cannot be made.
pub fn make_data_dir(config: &Config) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.recursive(true).create(&config.data_dir);
    made.map_err(|error| format!("cannot make the data directory {}: {error}", config.data_dir.display()).into())
}
