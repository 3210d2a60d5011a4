//! Where pixels are worked on: blocking threads, as many at once as there are cores, so that a burst of uploads waits
//! in line instead of starving the server.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

use crate::Error;

/// How long an upload waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) struct Workers {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Workers {
    /// One place for each core.
    pub(crate) fn for_this_machine() -> Workers {
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
        Workers::new(cores, PATIENCE)
    }

    fn new(places: usize, patience: Duration) -> Workers {
        Workers { places: Arc::new(Semaphore::new(places)), patience }
    }

    /// Runs the work on a blocking thread when a place is free. The place is held until the work ends, even when
    /// nobody waits for it any more. Fails with [`Error::Busy`] when no place gets free in time, and with what
    /// `on_panic` makes of the panic's message when the work panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
        on_panic: impl FnOnce(String) -> Error,
    ) -> Result<T, Error> {
        let Ok(Ok(place)) = timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await else {
            return Err(Error::Busy);
        };
        let task = spawn_blocking(move || {
            let _place = place;
            work()
        });
        task.await.unwrap_or_else(|failure| Err(failed(failure, on_panic)))
    }
}

fn failed(failure: JoinError, on_panic: impl FnOnce(String) -> Error) -> Error {
    match failure.try_into_panic() {
        Ok(payload) => {
            let message = message(payload.as_ref());
            tracing::error!(message, "a picture made the code that reads it panic");
            on_panic(message)
        }
        Err(cancelled) => Error::failed(cancelled),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use std::sync::mpsc;

    fn broken(message: String) -> Error {
        Error::broken(Kind::Gif, message)
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_place() {
        let workers = Workers::new(1, Duration::from_secs(5));
        for _ in 0..3 {
            let outcome = workers.run(|| -> Result<(), _> { panic!("at the disco") }, broken);
            let failure = outcome.await.unwrap_err();
            assert!(matches!(failure, Error::Broken { cause, .. } if cause == "at the disco"));
        }
        assert_eq!(workers.run(|| Ok(7), broken).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn no_more_run_than_there_are_places() {
        let workers = Workers::new(1, Duration::from_millis(20));
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let workers = workers.clone();
            async move {
                let work = move || {
                    started.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                };
                workers.run(work, broken).await
            }
        });
        running.await.unwrap();
        assert!(matches!(workers.run(|| Ok(()), broken).await, Err(Error::Busy)));
        // Whoever stops waiting leaves the work running, and its place stays taken.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(matches!(workers.run(|| Ok(()), broken).await, Err(Error::Busy)));
        release.send(()).unwrap();
        let patient = Workers { patience: Duration::from_secs(5), ..workers };
        patient.run(|| Ok(()), broken).await.unwrap();
    }
}
