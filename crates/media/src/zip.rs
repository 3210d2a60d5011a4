//! ZIP files (PKWARE's APPNOTE 6.3.10), written piece by piece into a temporary file that has no name and so never outlives its
//! process. Texts are deflated; pictures, films and sounds are as small as they get, and stored.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

use bytes::Bytes;
use chrono::{DateTime, Datelike, Timelike, Utc};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use futures_util::TryStreamExt;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

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
            let mut writer = Writer::new(tempfile::tempfile_in(&folder)?, Utc::now())?;
            while let Some(part) = coming.blocking_recv() {
                match part {
                    Part::Text(name) => writer.begin(name, Method::Deflated, None)?,
                    Part::Stored(name, length) => writer.begin(name, Method::Stored, Some(length))?,
                    Part::Bytes(bytes) => writer.write(&bytes)?,
                    Part::End => return writer.finish(),
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
}

/// The names of flag bit 11: UTF-8.
const UTF8: u16 = 1 << 11;
/// Whatever does not fit into its field says this there, and stands in the extra field instead (§4.5.3).
const ELSEWHERE: u32 = u32::MAX;
/// Made on Unix, after version 4.5 of the format.
const MADE_BY: u16 = (3 << 8) | 45;
/// A plain file that its owner may write and everybody may read, as Unix says it.
const PERMISSIONS: u32 = 0o100_644 << 16;

/// A file of the ZIP file.
#[derive(Debug)]
struct Entry {
    name: String,
    method: Method,
    /// Where its local header begins.
    at: u64,
    /// Whether its local header has room for lengths of 64 bits.
    is_large: bool,
    crc: u32,
    /// Its length here, and its own.
    packed: u64,
    length: u64,
}

impl Entry {
    fn method(&self) -> u16 {
        if self.method == Method::Deflated { 8 } else { 0 }
    }

    fn version(&self) -> u16 {
        if self.is_large { 45 } else { 20 }
    }
}

/// What writes, knowing nothing of threads.
struct Writer {
    file: BufWriter<File>,
    /// Where it stands.
    at: u64,
    entries: Vec<Entry>,
    /// Whether the last of them is being written.
    is_open: bool,
    /// Where its bytes begin.
    start: u64,
    crc: Crc,
    deflater: DeflateEncoder<Vec<u8>>,
    /// When all of it was made, as MS-DOS says it: to two seconds.
    time: u16,
    day: u16,
}

impl Writer {
    /// Writes from where the file stands.
    fn new(mut file: File, now: DateTime<Utc>) -> io::Result<Writer> {
        let year = u16::try_from(now.year() - 1980).unwrap_or(0).min(127);
        Ok(Writer {
            at: file.stream_position()?,
            file: BufWriter::new(file),
            entries: Vec::new(),
            is_open: false,
            start: 0,
            crc: Crc::new(),
            deflater: DeflateEncoder::new(Vec::new(), Compression::default()),
            time: ((now.hour() << 11) | (now.minute() << 5) | (now.second() / 2)) as u16,
            day: (year << 9) | ((now.month() << 5) | now.day()) as u16,
        })
    }

    /// Begins a file. `length` is how long it is going to be, as far as that is known.
    fn begin(&mut self, name: String, method: Method, length: Option<u64>) -> io::Result<()> {
        self.end()?;
        // Deflating makes a little longer what it cannot make shorter.
        let is_large = length.is_none_or(|length| length >= u64::from(ELSEWHERE));
        let entry = Entry { name, method, at: self.at, is_large, crc: 0, packed: 0, length: 0 };
        let header = self.local_header(&entry);
        self.put(&header)?;
        self.entries.push(entry);
        (self.is_open, self.start) = (true, self.at);
        self.crc.reset();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(entry) = self.entries.last_mut().filter(|_| self.is_open) else {
            return Err(io::Error::other("no file was begun"));
        };
        entry.length += bytes.len() as u64;
        self.crc.update(bytes);
        if entry.method == Method::Stored {
            return self.put(bytes);
        }
        self.deflater.write_all(bytes)?;
        let packed = std::mem::take(self.deflater.get_mut());
        self.put(&packed)
    }

    /// Ends the file that was begun last: only now its header can be true.
    fn end(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_open) {
            return Ok(());
        }
        if self.entries.last().is_some_and(|entry| entry.method == Method::Deflated) {
            let rest = self.deflater.reset(Vec::new())?;
            self.put(&rest)?;
        }
        let (crc, packed) = (self.crc.sum(), self.at - self.start);
        let Some(mut entry) = self.entries.pop() else { return Ok(()) };
        (entry.crc, entry.packed) = (crc, packed);
        if !entry.is_large && entry.length.max(packed) >= u64::from(ELSEWHERE) {
            return Err(io::Error::other("a file is longer than it was said to be"));
        }
        let header = self.local_header(&entry);
        self.file.seek(SeekFrom::Start(entry.at))?;
        self.file.write_all(&header)?;
        self.file.seek(SeekFrom::Start(self.at))?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes the directory at the end of everything (§4.3.12 to §4.3.16).
    fn finish(mut self) -> io::Result<File> {
        self.end()?;
        let start = self.at;
        let entries = std::mem::take(&mut self.entries);
        for entry in &entries {
            let record = self.directory_entry(entry);
            self.put(&record)?;
        }
        let (count, length) = (entries.len() as u64, self.at - start);
        let is_large = count >= u64::from(u16::MAX) || start.max(length) >= u64::from(ELSEWHERE);
        if is_large {
            let end = self.at;
            let record = Record::of(0x0606_4b50).eight(44).two(MADE_BY).two(45).four(0).four(0);
            let record = record.eight(count).eight(count).eight(length).eight(start);
            self.put(&record.four(0x0706_4b50).four(0).eight(end).four(1).0)?;
        }
        let small = u16::try_from(count).unwrap_or(u16::MAX);
        let record = Record::of(0x0605_4b50).two(0).two(0).two(small).two(small).four(clamp(length)).four(clamp(start)).two(0);
        self.put(&record.0)?;
        let mut file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        Ok(file)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// What stands before a file (§4.3.7). It is as long when the file begins as when it has ended.
    fn local_header(&self, entry: &Entry) -> Vec<u8> {
        let record = Record::of(0x0403_4b50).two(entry.version()).two(UTF8).two(entry.method()).two(self.time).two(self.day);
        let record = record.four(entry.crc);
        let name = entry.name.as_bytes();
        if entry.is_large {
            let record = record.four(ELSEWHERE).four(ELSEWHERE).two(name.len() as u16).two(20).bytes(name);
            return record.two(1).two(16).eight(entry.length).eight(entry.packed).0;
        }
        record.four(clamp(entry.packed)).four(clamp(entry.length)).two(name.len() as u16).two(0).bytes(name).0
    }

    /// What stands of a file in the directory (§4.3.12).
    fn directory_entry(&self, entry: &Entry) -> Vec<u8> {
        let elsewhere: Vec<u64> =
            [entry.length, entry.packed, entry.at].into_iter().filter(|n| *n >= u64::from(ELSEWHERE)).collect();
        let extra = elsewhere.iter().fold(Record::default(), |extra, n| extra.eight(*n)).0;
        let extra_length = if extra.is_empty() { 0 } else { extra.len() as u16 + 4 };
        let record = Record::of(0x0201_4b50).two(MADE_BY).two(if extra.is_empty() { entry.version() } else { 45 }).two(UTF8);
        let record = record.two(entry.method()).two(self.time).two(self.day).four(entry.crc);
        let record = record.four(clamp(entry.packed)).four(clamp(entry.length)).two(entry.name.len() as u16).two(extra_length);
        let record = record.two(0).two(0).two(0).four(PERMISSIONS).four(clamp(entry.at)).bytes(entry.name.as_bytes());
        if extra.is_empty() { record.0 } else { record.two(1).two(extra.len() as u16).bytes(&extra).0 }
    }
}

fn clamp(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(ELSEWHERE)
}

/// Numbers as ZIP files have them: the low byte first.
#[derive(Debug, Default)]
struct Record(Vec<u8>);

impl Record {
    fn of(signature: u32) -> Self {
        Self::default().four(signature)
    }

    fn two(self, number: u16) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn four(self, number: u32) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn eight(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
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

    #[test]
    fn more_files_than_two_bytes_can_count_and_beyond_four_gigabytes() {
        // Something else stands before it: a hole, which takes no room.
        let before = 5_u64 << 30;
        let mut file = tempfile::tempfile().unwrap();
        file.seek(SeekFrom::Start(before)).unwrap();
        let mut writer = Writer::new(file, Utc::now()).unwrap();
        for n in 0..66_000_u32 {
            writer.begin(format!("{n}"), Method::Stored, Some(1)).unwrap();
            writer.write(&[n as u8]).unwrap();
        }
        writer.begin("text".to_owned(), Method::Deflated, None).unwrap();
        writer.write(b"text").unwrap();
        let files = unzip(&mut writer.finish().unwrap());
        assert_eq!((files.len(), files["65999"].as_slice(), files["text"].as_slice()), (66_001, &[207][..], &b"text"[..]));
    }

    #[test]
    fn an_empty_one_is_one() {
        let writer = Writer::new(tempfile::tempfile().unwrap(), Utc::now()).unwrap();
        assert!(unzip(&mut writer.finish().unwrap()).is_empty());
    }

    #[test]
    fn lengths_beyond_four_gigabytes_stand_elsewhere() {
        let writer = Writer::new(tempfile::tempfile().unwrap(), Utc::now()).unwrap();
        let entry = Entry {
            name: "film".into(),
            method: Method::Stored,
            at: 7,
            is_large: true,
            crc: 1,
            packed: 5 << 32,
            length: 5 << 32,
        };
        let record = writer.directory_entry(&entry);
        assert_eq!(record[20..28], [0xff; 8]);
        assert_eq!(record[30..32], 20_u16.to_le_bytes());
        assert_eq!(record[42..46], 7_u32.to_le_bytes());
        let extra = Record::default().two(1).two(16).eight(5 << 32).eight(5 << 32).0;
        assert_eq!(record[50..], extra);
        assert!(writer.local_header(&entry).ends_with(&extra));
    }
}
