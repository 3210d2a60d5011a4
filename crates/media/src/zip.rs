//! ZIP files, written piece by piece into a temporary file that has no name and so never outlives its process. Texts are
//! deflated; pictures, films and sounds are as small as they get, and stored.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::PathBuf;

use bytes::Bytes;
use chrono::Utc;
use futures_util::TryStreamExt;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::{Error, Object};

/// Pieces that may wait to be written.
const WAITING: usize = 4;

/// A ZIP file that is being written, on a thread of its own. What is dropped unfinished is gone.
#[derive(Debug)]
pub struct Zip {
    parts: mpsc::Sender<Part>,
    written: JoinHandle<io::Result<File>>,
}

#[derive(Debug)]
enum Part {
    /// A file begins whose length is not known yet, and is deflated.
    Text(String),
    /// A file begins that is stored, of this many bytes.
    Stored(String, u64),
    /// More of the file that was begun last.
    Bytes(Bytes),
    End,
}

impl Zip {
    /// Begins a file in this folder, which is made when it is missing. Must be called inside the runtime.
    pub fn begin(folder: PathBuf) -> Zip {
        let (parts, mut coming) = mpsc::channel(WAITING);
        let written = spawn_blocking(move || {
            fs::create_dir_all(&folder)?;
            let mut writer = ZipWriter::new(BufWriter::new(tempfile::tempfile_in(&folder)?));
            let now = DateTime::try_from(Utc::now().naive_utc()).unwrap_or_default();
            let file = SimpleFileOptions::default().last_modified_time(now).unix_permissions(0o644);
            while let Some(part) = coming.blocking_recv() {
                match part {
                    Part::Text(name) => {
                        writer.start_file(name, file.compression_method(CompressionMethod::Deflated).large_file(true))?;
                    }
                    Part::Stored(name, length) => {
                        let is_large = length >= u64::from(u32::MAX);
                        writer.start_file(name, file.compression_method(CompressionMethod::Stored).large_file(is_large))?;
                    }
                    Part::Bytes(bytes) => writer.write_all(&bytes)?,
                    Part::End => {
                        let mut file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
                        file.rewind()?;
                        return Ok(file);
                    }
                }
            }
            Err(io::Error::other("given up before its end"))
        });
        Zip { parts, written }
    }

    /// Begins a text; [`Zip::write`] gives its bytes. Names have `/` between folders and the file, and are not given twice.
    ///
    /// # Errors
    /// [`Error::Store`] when what came before could not be written: the disk is full, for instance.
    pub async fn text(&mut self, name: impl Into<String>) -> Result<(), Error> {
        self.send(Part::Text(name.into())).await
    }

    /// More of the text that was begun last.
    ///
    /// # Errors
    /// As for [`Zip::text`].
    pub async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.send(Part::Bytes(bytes.into())).await
    }

    /// Adds a stored file as it is.
    ///
    /// # Errors
    /// As for [`Zip::text`], and those of the store. The ZIP file is then of no use any more.
    pub async fn add(&mut self, name: impl Into<String>, mut object: Object) -> Result<(), Error> {
        self.send(Part::Stored(name.into(), object.length)).await?;
        while let Some(piece) = object.body.try_next().await? {
            self.send(Part::Bytes(piece)).await?;
        }
        Ok(())
    }

    /// Ends the ZIP file; the file stands at its beginning.
    ///
    /// # Errors
    /// As for [`Zip::text`].
    pub async fn finish(mut self) -> Result<File, Error> {
        self.send(Part::End).await?;
        self.outcome().await
    }

    async fn send(&mut self, part: Part) -> Result<(), Error> {
        match self.parts.send(part).await {
            Ok(()) => Ok(()),
            // Nobody listens any more: why, says whoever has listened.
            Err(_) => self.outcome().await.map(drop),
        }
    }

    async fn outcome(&mut self) -> Result<File, Error> {
        let failed = |cause: io::Error| Error::Store(Box::new(cause));
        (&mut self.written).await.map_err(|error| failed(io::Error::other(error)))?.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::unzip;
    use crate::{Folder, Key, Kind, Store};

    #[tokio::test]
    async fn texts_and_files_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::local(folder.path().join("media")).unwrap();
        let key = Key::random(Folder::Attachments, Kind::Png);
        let picture: Vec<u8> = (0..700_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        store.put(&key, picture.clone().into()).await.unwrap();
        let scratch = folder.path().join("new/scratch");
        let mut zip = Zip::begin(scratch.clone());
        zip.text("outbox.json").await.unwrap();
        for _ in 0..10_000 {
            zip.write("سلام, again and again. ").await.unwrap(); // typos: other language
        }
        zip.add("media/صورة.png", store.get(&key).await.unwrap()).await.unwrap(); // typos: other language
        zip.text("empty").await.unwrap();
        let mut file = zip.finish().await.unwrap();
        assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0, "it has no name");
        assert!(file.metadata().unwrap().len() < 710_000, "texts are deflated");
        let files = unzip(&mut file);
        assert_eq!(files["outbox.json"], "سلام, again and again. ".repeat(10_000).as_bytes()); // typos: other language
        assert!(files["media/صورة.png"] == picture && files["empty"].is_empty() && files.len() == 3); // typos: other language
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = Zip::begin(file.path().join("below"));
        let mut outcome = zip.text("a").await;
        for _ in 0..10 {
            if outcome.is_ok() {
                outcome = zip.write("b").await;
            }
        }
        assert!(matches!(outcome, Err(Error::Store(_))));
    }

    #[tokio::test]
    async fn an_empty_one_is_one() {
        let folder = tempfile::tempdir().unwrap();
        assert!(unzip(&mut Zip::begin(folder.path().to_owned()).finish().await.unwrap()).is_empty());
    }

    #[tokio::test]
    async fn more_files_than_two_bytes_can_count() {
        let folder = tempfile::tempdir().unwrap();
        let mut zip = Zip::begin(folder.path().to_owned());
        for n in 0..66_000_u32 {
            zip.send(Part::Stored(format!("{n}"), 1)).await.unwrap();
            zip.write(vec![n as u8]).await.unwrap();
        }
        let files = unzip(&mut zip.finish().await.unwrap());
        assert_eq!((files.len(), files["65999"].as_slice()), (66_000, &[207][..]));
    }
}
