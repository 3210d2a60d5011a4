//! Where files are kept: any object store, on the local disk by default. Files are named by [`Key`]s, which cannot
//! point outside of it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path as FsPath;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, GetResult, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, RetryConfig, WriteMultipart,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_blocking;

use crate::{Error, Folder, Key};

/// How much of a file is read at once. Most previews and avatars are one piece.
const PIECE: u64 = 256 << 10;
/// How much of a large file a bucket is sent at once; S3 takes nothing below 5 MiB.
const PART: usize = 8 << 20;
/// For one request to a bucket, to its last byte.
const REQUEST_TIME: Duration = Duration::from_secs(120);
/// How many such parts may be on their way.
const PARTS_AT_ONCE: usize = 2;

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

/// A bucket of S3, or of what speaks its language (MinIO, Ceph, Garage, R2 …).
#[derive(Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Where it is, such as `https://s3.example.org`; `None` is Amazon's own.
    pub endpoint: Option<String>,
    /// Its region; most that are not Amazon take any.
    pub region: String,
    /// The name of the key, and the key.
    pub key: (String, String),
    /// Whether the bucket's name stands in the path (`https://s3.example.org/bucket/…`) and not in the host.
    pub path_style: bool,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({} at {})", self.name, self.endpoint.as_deref().unwrap_or("Amazon"))
    }
}

impl Store {
    /// A store in this bucket. Nothing is asked of it yet. Fails when the description makes no sense.
    pub fn bucket(bucket: &Bucket) -> Result<Store, Error> {
        let patience = ClientOptions::new().with_connect_timeout(Duration::from_secs(5)).with_timeout(REQUEST_TIME);
        let retries = RetryConfig { max_retries: 4, retry_timeout: Duration::from_secs(60), ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(&bucket.key.0)
            .with_secret_access_key(&bucket.key.1)
            .with_virtual_hosted_style_request(!bucket.path_style)
            .with_client_options(patience)
            .with_retry(retries);
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        Ok(Store::new(Arc::new(builder.build().map_err(store_error)?)))
    }

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
        let options = PutOptions { attributes: self.attributes(key), ..PutOptions::default() };
        self.objects.put_opts(&path(key), bytes.into(), options).await.map(drop).map_err(|cause| failure(key, cause))
    }

    /// Stores the file at this path under the key, as a whole or not at all, without reading all of it into memory.
    pub async fn put_file(&self, key: &Key, file: &FsPath) -> Result<(), Error> {
        self.put_from(key, tokio::fs::File::open(file).await.map_err(store_error)?).await.map(drop)
    }

    /// The same of a file that is open, from where it stands; gives back how many bytes that were.
    pub async fn put_open(&self, key: &Key, file: File) -> Result<u64, Error> {
        self.put_from(key, tokio::fs::File::from_std(file)).await
    }

    async fn put_from(&self, key: &Key, mut from: tokio::fs::File) -> Result<u64, Error> {
        let options = PutMultipartOptions { attributes: self.attributes(key), ..PutMultipartOptions::default() };
        let upload = self.objects.put_multipart_opts(&path(key), options).await.map_err(|cause| failure(key, cause))?;
        let mut to = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut piece = BytesMut::with_capacity(PIECE as usize);
        let mut length = 0;
        loop {
            piece.reserve(PIECE as usize);
            match from.read_buf(&mut piece).await {
                Ok(0) => break,
                Ok(read) => {
                    length += read as u64;
                    to.wait_for_capacity(PARTS_AT_ONCE).await.map_err(|cause| failure(key, cause))?;
                    to.put(piece.split().freeze());
                }
                Err(cause) => {
                    // Half a file must not stay, and its reader's error says more than the abort's would.
                    let _ = to.abort().await;
                    return Err(store_error(cause));
                }
            }
        }
        to.finish().await.map_err(|cause| failure(key, cause))?;
        Ok(length)
    }

    /// Copies the file under the key to this path. Fails with [`Error::NotFound`] when there is none.
    pub async fn fetch(&self, key: &Key, to: &FsPath) -> Result<(), Error> {
        let mut object = self.get(key).await?;
        let mut file = tokio::fs::File::create(to).await.map_err(store_error)?;
        while let Some(piece) = object.body.try_next().await? {
            file.write_all(&piece).await.map_err(store_error)?;
        }
        file.flush().await.map_err(store_error)
    }

    /// The files of a folder that were stored before this time, in no order. Names that are not ours are passed over.
    pub fn stored_before(&self, folder: Folder, time: SystemTime) -> BoxStream<'_, Result<Key, Error>> {
        let old = move |found: ObjectMeta| {
            let is_old = SystemTime::from(found.last_modified) < time;
            async move { Ok(Key::parse(found.location.as_ref()).ok().filter(|_| is_old)) }
        };
        self.objects.list(Some(&Path::from(folder.name()))).map_err(store_error).try_filter_map(old).boxed()
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

    fn attributes(&self, key: &Key) -> Attributes {
        if !self.typed {
            return Attributes::new();
        }
        let keep = if key.is_public() { "public, max-age=31536000, immutable" } else { "private, no-store" };
        Attributes::from_iter([(Attribute::ContentType, key.kind().mime()), (Attribute::CacheControl, keep)])
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
    async fn files_are_copied_in_and_out_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let local = Store::local(folder.path().join("media")).unwrap();
        let memory = Store::new(Arc::new(InMemory::new()));
        let (here, back) = (folder.path().join("here"), folder.path().join("back"));
        for store in [local, memory] {
            for length in [0, 5, PART, 2 * PART + 7] {
                let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
                fs::write(&here, &bytes).unwrap();
                let key = Key::random(Folder::Uploads, Kind::Raw);
                match length {
                    5 => assert_eq!(store.put_open(&key, File::open(&here).unwrap()).await.unwrap(), 5),
                    _ => store.put_file(&key, &here).await.unwrap(),
                }
                store.fetch(&key, &back).await.unwrap();
                assert!(fs::read(&back).unwrap() == bytes, "{length}");
                assert!(matches!(store.fetch(&Key::random(Folder::Uploads, Kind::Raw), &back).await, Err(Error::NotFound(_))));
                let soon = SystemTime::now() + std::time::Duration::from_secs(60);
                let keys: Vec<Key> = store.stored_before(Folder::Uploads, soon).try_collect().await.unwrap();
                assert_eq!(keys, std::slice::from_ref(&key));
                let long_ago = SystemTime::now() - std::time::Duration::from_secs(60);
                assert_eq!(store.stored_before(Folder::Uploads, long_ago).count().await, 0);
                assert_eq!(store.stored_before(Folder::Avatars, soon).count().await, 0);
                store.delete(&key).await.unwrap();
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
