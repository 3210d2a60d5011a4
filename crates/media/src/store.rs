//! Where files are kept: any object store, on the local disk by default. Files are named by [`Key`]s, which cannot
//! point outside of it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path as FsPath;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Attribute, Attributes, GetOptions, GetResult, GetResultPayload, ObjectStore, ObjectStoreExt, PutOptions};
use tokio::task::spawn_blocking;

use crate::{Error, Key};

/// How much of a file is read at once. Most previews and avatars are one piece.
const PIECE: u64 = 256 << 10;

/// A store of files. Cloning it is cheap and gives the same store.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// Whether files carry their media type themselves; file systems have no place for it.
    typed: bool,
}

/// A stored file on its way out. Files never change under their key, so answers may be cached for ever.
pub struct Object {
    /// The media type, from the key: `image/jpeg`.
    pub mime: &'static str,
    /// The length of [`Object::body`] in bytes.
    pub length: u64,
    /// When it was stored.
    pub modified: SystemTime,
    /// The store's entity tag, without quotation marks.
    pub etag: Option<String>,
    /// The bytes, in pieces. The stream ends early only with an error.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

impl Store {
    /// A store in this folder, which is made when it is missing. A file is written under another name, flushed
    /// (`fsync`, its folder's entry included) and then renamed, so it is never seen in part, and what was answered is
    /// on the disk. A crash in between leaves at most a file whose name ends in `#` and a number.
    pub fn local(folder: impl AsRef<FsPath>) -> Result<Store, Error> {
        fs::create_dir_all(&folder).map_err(store_error)?;
        let files = LocalFileSystem::new_with_prefix(&folder).map_err(store_error)?;
        Ok(Store { objects: Arc::new(files.with_fsync(true)), typed: false })
    }

    /// Any other object store, such as a bucket. Files get their media type and `Cache-Control` as attributes.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Store {
        Store { objects, typed: true }
    }

    /// Stores the bytes under the key, as a whole or not at all.
    pub async fn put(&self, key: &Key, bytes: Bytes) -> Result<(), Error> {
        let mut options = PutOptions::default();
        if self.typed {
            options.attributes = Attributes::from_iter([
                (Attribute::ContentType, key.kind().mime()),
                (Attribute::CacheControl, "public, max-age=31536000, immutable"),
            ]);
        }
        self.objects.put_opts(&path(key), bytes.into(), options).await.map(drop).map_err(|cause| failure(key, cause))
    }

    /// The file under the key. Fails with [`Error::NotFound`] when there is none.
    pub async fn get(&self, key: &Key) -> Result<Object, Error> {
        let found = self.objects.get(&path(key)).await.map_err(|cause| failure(key, cause))?;
        Ok(object(key, found))
    }

    /// Some bytes of the file under the key, which must all be there: the length is [`Store::get`]'s.
    /// Fails with [`Error::NotFound`] when there is no file.
    pub async fn part(&self, key: &Key, bytes: Range<u64>) -> Result<Object, Error> {
        let options = GetOptions { range: Some(bytes.into()), ..GetOptions::default() };
        let found = self.objects.get_opts(&path(key), options).await.map_err(|cause| failure(key, cause))?;
        Ok(object(key, found))
    }

    /// Deletes the file under the key. That there is none is fine: a deletion may be tried again.
    pub async fn delete(&self, key: &Key) -> Result<(), Error> {
        match self.objects.delete(&path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(failure(key, cause)),
        }
    }
}

impl Object {
    /// All bytes at once. Only for what is known to be small.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let pieces: Vec<Bytes> = self.body.try_collect().await?;
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([whole]) => whole,
            Err(pieces) => pieces.concat().into(),
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.objects)
    }
}

fn path(key: &Key) -> Path {
    Path::from(key.as_str())
}

fn object(key: &Key, found: GetResult) -> Object {
    Object {
        mime: key.kind().mime(),
        length: found.range.end - found.range.start,
        modified: found.meta.last_modified.into(),
        etag: found.meta.e_tag.as_ref().map(|tag| tag.trim_matches('"').to_owned()),
        body: body(found, key.clone()),
    }
}

/// The file's bytes in pieces. Local files are read here in larger pieces than the store's own stream has: each piece
/// is a trip to a blocking thread.
fn body(found: GetResult, key: Key) -> BoxStream<'static, Result<Bytes, Error>> {
    let (start, end) = (found.range.start, found.range.end);
    match found.payload {
        GetResultPayload::File(file, _) => stream::try_unfold((file, start), move |(file, at)| {
            let length = PIECE.min(end - at);
            async move {
                if length == 0 {
                    return Ok(None);
                }
                let (file, piece) =
                    spawn_blocking(move || piece(file, at, length)).await.map_err(store_error)?.map_err(store_error)?;
                Ok(Some((piece, (file, at + length))))
            }
        })
        .boxed(),
        GetResultPayload::Stream(pieces) => pieces.map_err(move |cause| failure(&key, cause)).boxed(),
    }
}

fn piece(mut file: File, at: u64, length: u64) -> io::Result<(File, Bytes)> {
    let mut piece = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(at))?;
    let read = file.by_ref().take(length).read_to_end(&mut piece)?;
    match read as u64 == length {
        true => Ok((file, piece.into())),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn failure(key: &Key, cause: object_store::Error) -> Error {
    match cause {
        object_store::Error::NotFound { .. } => Error::NotFound(key.clone()),
        cause => store_error(cause),
    }
}

fn store_error(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Folder, Kind};
    use object_store::memory::InMemory;

    #[tokio::test]
    async fn files_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let local = Store::local(folder.path().join("new/media")).unwrap();
        let memory = Store::new(Arc::new(InMemory::new()));
        for store in [local, memory] {
            for length in [0, 1, PIECE as usize, PIECE as usize * 2 + 7] {
                let bytes: Bytes = (0..length).map(|at| at as u8).collect();
                let key = Key::random(Folder::Attachments, Kind::WebP);
                assert!(matches!(store.get(&key).await, Err(Error::NotFound(missing)) if missing == key));
                store.put(&key, bytes.clone()).await.unwrap();

                let object = store.get(&key).await.unwrap();
                assert_eq!((object.mime, object.length), ("image/webp", length as u64));
                assert!(object.etag.as_ref().is_some_and(|tag| !tag.contains('"')));
                assert!(object.modified.elapsed().unwrap().as_secs() < 60);
                assert_eq!(object.bytes().await.unwrap(), bytes);
                if length > 1 {
                    let part = store.part(&key, 1..length as u64).await.unwrap();
                    assert_eq!(part.length, length as u64 - 1);
                    assert_eq!(part.bytes().await.unwrap(), bytes.slice(1..));
                }

                store.delete(&key).await.unwrap();
                store.delete(&key).await.unwrap();
                assert!(matches!(store.get(&key).await, Err(Error::NotFound(_))));
            }
        }
    }

    #[tokio::test]
    async fn a_file_lies_where_its_key_says() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::local(folder.path()).unwrap();
        let key = Key::random(Folder::Avatars, Kind::Png);
        store.put(&key, Bytes::from_static(b"here")).await.unwrap();
        assert_eq!(fs::read(folder.path().join(key.as_str())).unwrap(), b"here");
    }

    #[tokio::test]
    async fn a_file_that_gets_shorter_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::local(folder.path()).unwrap();
        let key = Key::random(Folder::Headers, Kind::Png);
        store.put(&key, Bytes::from_static(b"some bytes")).await.unwrap();
        let object = store.get(&key).await.unwrap();
        let file = File::options().write(true).open(folder.path().join(key.as_str()));
        file.unwrap().set_len(3).unwrap();
        assert!(matches!(object.bytes().await, Err(Error::Store(_))));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(Store::local(file.path().join("below")), Err(Error::Store(_))));
    }
}
