//! Pictures of other servers, fetched because somebody here looks at them.

use bytes::Bytes;
use url::Url;

use crate::client::Budget;
use crate::resolve::ResolveError;
use crate::state::Inner;

/// What is asked for. Some servers answer with something else when they are asked for a picture of any kind.
const ACCEPT: &str = "image/webp,image/png,image/jpeg,image/gif,image/*;q=0.8,*/*;q=0.5";

impl Inner {
    /// Fetches a file from a server that is not blocked here, up to `most` bytes. Whether it is a picture is the caller's to see.
    ///
    /// # Errors
    /// As of every fetch.
    pub async fn picture(&self, url: &str, most: usize) -> Result<Bytes, ResolveError> {
        self.check_host(url).await?;
        let address = Url::parse(url).map_err(|_| ResolveError::Refused("not an address"))?;
        Ok(self.client.get_bytes(&address, ACCEPT, most, &Budget::for_look_up()).await?.body)
    }
}
