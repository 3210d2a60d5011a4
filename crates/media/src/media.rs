//! The door of this crate: what somebody sent becomes stored variants, all of them or none.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::drawings::{self, Drawing};
use crate::limits::{AVATAR, HEADER};
use crate::workers::Workers;
use crate::{Error, Folder, Key, Kind, Limits, Store};

/// Takes pictures in and stores their variants. Cloning it is cheap and gives the same one.
#[derive(Clone, Debug)]
pub struct Media {
    store: Store,
    limits: Arc<Limits>,
    workers: Workers,
}

/// One stored form of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name in the store, and behind `{origin}/media/`. Tells its kind ([`Key::kind`]).
    pub key: Key,
    /// Its width in pixels, as it is to be shown.
    pub width: u32,
    /// Its height in pixels, as it is to be shown.
    pub height: u32,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Variant {
    /// Its media type: `image/jpeg`.
    pub fn mime(&self) -> &'static str {
        self.key.kind().mime()
    }

    /// Its width divided by its height.
    pub fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

/// A stored picture that can be attached to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The picture itself, of at most [`ORIGINAL_PIXELS`](crate::ORIGINAL_PIXELS).
    pub original: Variant,
    /// A still of at most [`PREVIEW_PIXELS`](crate::PREVIEW_PIXELS); the original once more when it is no larger.
    pub preview: Variant,
    /// What to show while the picture loads: <https://blurha.sh>.
    pub blurhash: String,
    /// Whether the original moves (an animated GIF or WebP).
    pub animated: bool,
}

impl Attachment {
    /// The keys of everything that was stored for it, each once.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        keys(&self.original, &self.preview)
    }
}

/// A stored avatar or header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePicture {
    /// The picture, cropped to its aspect, of at most [`AVATAR`] or [`HEADER`].
    pub original: Variant,
    /// Its still form for those who want nothing to move; the original once more when it does not move.
    pub still: Variant,
}

impl ProfilePicture {
    /// Whether the original moves.
    pub fn is_animated(&self) -> bool {
        self.original != self.still
    }

    /// The keys of everything that was stored for it, each once.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        keys(&self.original, &self.still)
    }
}

impl Media {
    /// Media in this store, with these limits, worked on by as many threads as the machine has cores.
    pub fn new(store: Store, limits: Limits) -> Media {
        Media { store, limits: Arc::new(limits), workers: Workers::for_this_machine() }
    }

    /// Where the files are.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What a file may weigh.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Stores a picture to be attached to a post, and its preview.
    ///
    /// Fails with a refusal ([`Error::is_refusal`]) when the file is none that is taken, with [`Error::Busy`] when no
    /// worker was free in time, with [`Error::Store`] when it could not be stored. Whoever gets an error, or stops
    /// waiting, leaves nothing in the store; whoever gets an [`Attachment`] owns its files and has to
    /// [`remove`](Media::remove) them when no row comes to name them.
    pub async fn attach(&self, file: Bytes) -> Result<Attachment, Error> {
        let drawn = self.draw(file, drawings::attachment).await?;
        let key = Key::random(Folder::Attachments, drawn.original.kind);
        let original = Variant::of(key.clone(), &drawn.original);
        let preview = match &drawn.preview {
            Some(preview) => Variant::of(key.preview(preview.kind), preview),
            None => original.clone(),
        };
        let mut files = vec![(original.key.clone(), drawn.original.bytes)];
        files.extend(drawn.preview.map(|drawing| (preview.key.clone(), drawing.bytes)));
        self.keep(files).await?;
        Ok(Attachment { original, preview, blurhash: drawn.blurhash, animated: drawn.animated })
    }

    /// Stores the picture of a page that posts link to: a still of at most [`PREVIEW_PIXELS`](crate::PREVIEW_PIXELS), with
    /// its blurhash. Fails as [`attach`](Media::attach) does.
    pub async fn card(&self, file: Bytes) -> Result<(Variant, String), Error> {
        let (drawing, blurhash) = self.draw(file, drawings::card).await?;
        let variant = Variant::of(Key::random(Folder::Cards, drawing.kind), &drawing);
        self.keep(vec![(variant.key.clone(), drawing.bytes)]).await?;
        Ok((variant, blurhash))
    }

    /// Stores an avatar: the middle of the picture as a square of at most [`AVATAR`], and a still form of it when it
    /// moves. Fails as [`attach`](Media::attach) does.
    pub async fn avatar(&self, file: Bytes) -> Result<ProfilePicture, Error> {
        self.profile_picture(file, Folder::Avatars, AVATAR).await
    }

    /// Stores a header: the middle of the picture, three times as wide as high, of at most [`HEADER`], and a still
    /// form of it when it moves. Fails as [`attach`](Media::attach) does.
    pub async fn header(&self, file: Bytes) -> Result<ProfilePicture, Error> {
        self.profile_picture(file, Folder::Headers, HEADER).await
    }

    /// Deletes files from the store, going on past those that fail; keys without a file are fine.
    /// Fails with the first error that came up.
    pub async fn remove(&self, keys: impl IntoIterator<Item = &Key>) -> Result<(), Error> {
        remove(&self.store, keys).await
    }

    async fn profile_picture(&self, file: Bytes, folder: Folder, size: (u32, u32)) -> Result<ProfilePicture, Error> {
        let draw = move |file: &[u8], limits: &Limits| drawings::profile_picture(file, size, limits);
        let drawn = self.draw(file, draw).await?;
        let key = Key::random(folder, drawn.original.kind);
        let original = Variant::of(key.clone(), &drawn.original);
        let still = match &drawn.still {
            Some(still) => Variant::of(key.still(still.kind), still),
            None => original.clone(),
        };
        let mut files = vec![(original.key.clone(), drawn.original.bytes)];
        files.extend(drawn.still.map(|drawing| (still.key.clone(), drawing.bytes)));
        self.keep(files).await?;
        Ok(ProfilePicture { original, still })
    }

    /// Draws on a worker, once it is clear that the file deserves one.
    async fn draw<T: Send + 'static>(
        &self,
        file: Bytes,
        draw: impl FnOnce(&[u8], &Limits) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.limits.check_bytes(&file)?;
        let kind = Kind::of(&file);
        let limits = Arc::clone(&self.limits);
        // Decoders panic over some file now and then, so the file is to blame for it.
        let on_panic = move |message| match kind {
            Some(kind) => Error::broken(kind, format!("panic: {message}")),
            None => Error::failed(message),
        };
        self.workers.run(move || draw(&file, &limits), on_panic).await
    }

    /// Stores all files or none. This goes on by itself when the caller goes away, so that it can clean up.
    async fn keep(&self, files: Vec<(Key, Bytes)>) -> Result<(), Error> {
        let store = self.store.clone();
        let (answer, outcome) = oneshot::channel();
        tokio::spawn(async move {
            let keys: Vec<Key> = files.iter().map(|(key, _)| key.clone()).collect();
            let puts = files.into_iter().map(|(key, bytes)| {
                let store = store.clone();
                async move { store.put(&key, bytes).await }
            });
            let stored = join_all(puts).await.into_iter().collect::<Result<(), Error>>();
            let failed = stored.is_err();
            let unheard = answer.send(stored).is_err();
            if !failed && !unheard {
                return;
            }
            if let Err(cause) = remove(&store, &keys).await {
                tracing::warn!(%cause, ?keys, "could not clean up after a failed upload");
            }
        });
        outcome.await.unwrap_or_else(|_| Err(Error::failed("the runtime stopped")))
    }
}

impl Variant {
    fn of(key: Key, drawing: &Drawing) -> Variant {
        Variant { key, width: drawing.width, height: drawing.height, bytes: drawing.bytes.len() as u64 }
    }
}

fn keys<'a>(original: &'a Variant, other: &'a Variant) -> impl Iterator<Item = &'a Key> {
    let other = Some(&other.key).filter(|key| **key != original.key);
    std::iter::once(&original.key).chain(other)
}

async fn remove(store: &Store, keys: impl IntoIterator<Item = &Key>) -> Result<(), Error> {
    let mut outcome = Ok(());
    for key in keys {
        outcome = outcome.and(store.delete(key).await);
    }
    outcome
}

#[cfg(test)]
mod tests;
