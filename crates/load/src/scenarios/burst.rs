//! The burst: many posts to many followers, while one of their hosts is slow and another never answers.

use std::time::{Duration, Instant};

use super::Stage;
use crate::Failure;
use crate::peers::LIVE;

/// Posts of a burst.
const POSTS: usize = 40;
/// When the hosts that live are given up.
const PATIENCE: Duration = Duration::from_secs(90);

impl Stage {
    /// Seconds until the 18 live hosts have all posts: of somebody whose followers are there only, and of somebody who has
    /// followers on the slow and on the silent host too.
    pub(super) async fn burst(&mut self) -> Result<(f64, f64), Failure> {
        self.drained().await?;
        let calm = self.burst_of(&self.tokens.calm.clone(), "calm").await?;
        self.drained().await?;
        let burst = self.burst_of(&self.tokens.burster.clone(), "burst").await?;
        Ok((calm, burst))
    }

    async fn burst_of(&self, token: &str, name: &str) -> Result<f64, Failure> {
        let hosts = 0..LIVE - 2;
        self.peers.forget();
        let begun = Instant::now();
        self.client.run(self.posts(token, name, POSTS)).await?;
        loop {
            let came: Vec<_> = hosts.clone().map(|host| self.peers.received(host)).collect();
            if came.iter().all(|(count, _)| *count >= POSTS) {
                let last = came.iter().filter_map(|(_, last)| *last).max().unwrap_or(begun);
                return Ok((last - begun).as_secs_f64());
            }
            if begun.elapsed() > PATIENCE {
                let have: usize = came.iter().map(|(count, _)| (*count).min(POSTS)).sum();
                return Err(format!("{name}: {have} of {} deliveries after {PATIENCE:?}", POSTS * hosts.len()).into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
