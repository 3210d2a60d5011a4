//! How much of the network one piece of work may use: requests and time, shared by everything that it leads to.
//! Whoever handles an inbound activity makes one and hands it on; nothing an activity says can make more of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::ClientError;

/// A number of requests and a span of time that may be used up.
#[derive(Debug)]
pub struct Budget {
    requests: AtomicU32,
    deadline: Instant,
}

impl Budget {
    /// A budget of `requests` (redirects and repeats count) within `time` from now.
    pub fn new(requests: u32, time: Duration) -> Self {
        Self { requests: AtomicU32::new(requests), deadline: Instant::now() + time }
    }

    /// For one inbound activity: its author, its object, and a few parents.
    pub fn for_activity() -> Self {
        Self::new(30, Duration::from_secs(60))
    }

    /// For one thing that somebody is waiting for: a search by handle or address.
    pub fn for_look_up() -> Self {
        Self::new(10, Duration::from_secs(15))
    }

    /// Takes one request.
    ///
    /// # Errors
    /// [`ClientError::Budget`] when requests or time are used up.
    pub fn take(&self) -> Result<(), ClientError> {
        let taken = self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |requests| requests.checked_sub(1));
        if self.time_left().is_zero() || taken.is_err() { Err(ClientError::Budget) } else { Ok(()) }
    }

    /// How much time is left.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// How many requests are left.
    pub fn requests_left(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_time_run_out() {
        let budget = Budget::new(2, Duration::from_secs(60));
        assert!(budget.time_left() <= Duration::from_secs(60));
        assert!(budget.take().is_ok() && budget.take().is_ok());
        assert_eq!(budget.take(), Err(ClientError::Budget));
        assert_eq!(budget.requests_left(), 0);
        assert_eq!(Budget::new(5, Duration::ZERO).take(), Err(ClientError::Budget));
    }
}
