//! The federation's jobs, one by one: the workers claim them, this says what each does and whether to try again.

use majlis_local::actors::{self, Actor};
use majlis_local::ids::{ActorId, JobId, QuoteId};
use majlis_local::jobs::{self, Job};
use majlis_local::quotes::{self, QuoteState};
use majlis_local::{Error, instances, moves, posts, receive};

use crate::activities::{self, Handled};
use crate::client::Budget;
use crate::links_back;
use crate::nodeinfo;
use crate::outbound;
use crate::resolve::{MOST_PARENTS, ResolveError};
use crate::state::Federation;
use crate::vocab::{Activity, ActivityKind, Object};

/// How a job ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Done, or not worth another try; its row may go.
    Done,
    /// Its row went with the write that did it.
    Finished,
    /// Not a job of the federation's.
    NotOurs,
}

impl Federation {
    /// Does a job.
    ///
    /// # Errors
    /// A text for the log, when it is to be tried again.
    pub async fn run(&self, id: JobId, job: &Job) -> Result<Ended, String> {
        let done = match job {
            Job::Federate { change } => {
                let (site, change) = (self.site().clone(), change.clone());
                let written = self.db.write(move |c| {
                    outbound::federate(c, &site, id, &change)?;
                    jobs::finish(c, &[id])
                });
                return written.await.map(|()| Ended::Finished).map_err(|error| error.to_string());
            }
            Job::CarryFollowers { from, to } => {
                let (site, from, to) = (self.site().clone(), *from, *to);
                let written = self.db.write(move |c| {
                    if moves::carry_followers(c, &site, from, to)? {
                        jobs::enqueue(c, &Job::CarryFollowers { from, to })?;
                    }
                    jobs::finish(c, &[id])
                });
                return written.await.map(|()| Ended::Finished).map_err(|error| error.to_string());
            }
            Job::Receive { activity, signer, verified } => self.receive(activity, signer, *verified).await,
            Job::FetchObject { uri, depth } => self.fetch_object(uri, *depth).await,
            Job::FetchReplies { crawl, posts } => self.fetch_replies(crawl, posts).await,
            Job::VerifyQuote { quote, depth } => self.verify_quote(*quote, *depth).await,
            Job::RefreshActor { actor } => self.refresh(*actor).await,
            Job::FetchFeatured { actor } => self.fetch_featured(*actor).await,
            Job::Import { import } => self.import(*import).await.map_err(ResolveError::from),
            Job::Probe { host } => {
                self.probe(host).await;
                Ok(())
            }
            Job::VerifyLinks { actor } => return links_back::verify(self, *actor).await.map(|()| Ended::Done),
            Job::FetchCard { .. }
            | Job::PublishScheduled { .. }
            | Job::ExpirePost { .. }
            | Job::Erase { .. }
            | Job::CutServer { .. }
            | Job::ConvertMedia { .. }
            | Job::MakeArchive { .. }
            | Job::Mail { .. }
            | Job::MergeNotifications { .. }
            | Job::EndPoll { .. }
            | Job::Push { .. }
            | Job::AnnualReport { .. }
            | Job::DeleteFiles { .. }
            | Job::Announce { .. }
            | Job::Newsletter { .. }
            | Job::FollowNewsletters { .. } => return Ok(Ended::NotOurs),
        };
        match done {
            Ok(()) => Ok(Ended::Done),
            Err(error) if error.is_temporary() => Err(error.to_string()),
            Err(error) => {
                tracing::info!(job = %id, %error, "given up");
                Ok(Ended::Done)
            }
        }
    }

    async fn fetch_object(&self, uri: &str, depth: u8) -> Result<(), ResolveError> {
        if depth > MOST_PARENTS {
            return Ok(());
        }
        self.post(uri, depth, &Budget::for_activity()).await?;
        Ok(())
    }

    /// Finds what a post quotes, and whether its author has agreed: its stamp has to stand on the author's own host and say
    /// that this post may quote that one (FEP-044f).
    async fn verify_quote(&self, id: QuoteId, depth: u8) -> Result<(), ResolveError> {
        let budget = Budget::for_look_up();
        let quote = match self.db.read(move |c| quotes::get(c, id)).await {
            // Deleted meanwhile, or quotes something else now.
            Err(Error::NotFound(_)) => return Ok(()),
            quote => quote?,
        };
        if quote.state != QuoteState::Pending || depth > MOST_PARENTS {
            return Ok(());
        }
        let quoted = self.post(&quote.quoted_uri, depth, &budget).await?;
        let found = quoted.clone();
        let quote = self.db.write(move |c| quotes::found(c, id, &found)).await?;
        let Some(uri) = quote.stamp_uri.filter(|_| quote.state == QuoteState::Pending && !quoted.local) else { return Ok(()) };
        let (author, quoting) =
            self.db.read(move |c| Ok((actors::get(c, quoted.author_id)?, posts::get(c, quote.post_id)?))).await?;
        if instances::host_of(&uri).as_ref() != Some(&author.host) {
            return Err(ResolveError::Refused("a leave to quote on another host than its author"));
        }
        let stamp = match self.fetch(&uri, &budget).await {
            Err(error) if error.is_gone() => return Ok(self.db.write(move |c| quotes::refused(c, id)).await?),
            fetched => fetched?.object,
        };
        let Object::QuoteAuthorization(stamp) = stamp else { return Err(ResolveError::Refused("not a leave to quote")) };
        if stamp.allows(&author.uri, &quoting.uri, &quoted.uri) {
            Ok(self.db.write(move |c| quotes::verified(c, id, &uri)).await?)
        } else {
            Err(ResolveError::Refused("a leave to quote for something else"))
        }
    }

    async fn refresh(&self, id: ActorId) -> Result<(), ResolveError> {
        let actor = self.db.read(move |c| actors::get(c, id)).await?;
        if actor.is_local() {
            return Ok(());
        }
        match self.fetch_actor(&actor.uri, &Budget::for_activity()).await {
            Err(error) if error.is_gone() => Ok(self.db.write(move |c| receive::delete_actor(c, id)).await?),
            other => {
                other?;
                self.fetch_featured(id).await
            }
        }
    }

    /// Writes down what a host runs. One that does not say keeps what it said before, and is asked again another day.
    async fn probe(&self, host: &str) {
        match nodeinfo::look_up(&self.client, host, &Budget::for_look_up()).await {
            Ok(Some(software)) => {
                let host = host.to_owned();
                let written =
                    self.db.write(move |c| instances::probed(c, &host, Some(&software.name), software.version.as_deref())).await;
                if let Err(error) = written {
                    tracing::warn!(%error, "what a host runs was not written down");
                }
            }
            Ok(None) => tracing::debug!(host, "does not say what it runs"),
            Err(error) => tracing::debug!(host, %error, "could not be asked what it runs"),
        }
    }

    /// An activity that needed the network: fetch what it names, then carry it out.
    async fn receive(&self, body: &str, signer: &str, verified: bool) -> Result<(), ResolveError> {
        let Ok(activity) = Activity::from_slice(body.as_bytes()) else { return Ok(()) };
        let budget = Budget::for_activity();
        if !verified {
            return self.receive_unproven(&activity, &budget).await;
        }
        let actor = self.actor(signer, &budget).await?;
        match activity.kind {
            ActivityKind::Announce => {
                if let Some(uri) = activities::boosted(&activity) {
                    self.post(uri, 0, &budget).await?;
                }
                self.handle(activity, actor).await
            }
            ActivityKind::Create | ActivityKind::Update => {
                let Some(uri) = activity.object_id() else { return Ok(()) };
                let fetched = self.fetch(uri, &budget).await?;
                let mut whole = activity.clone();
                whole.object = vec![fetched.object];
                self.handle(whole, actor).await
            }
            ActivityKind::Move => {
                let Some(uri) = activity.target.as_deref() else { return Ok(()) };
                let target = if self.site().is_own_uri(uri) {
                    self.actor(uri, &budget).await?
                } else {
                    self.fetch_actor(uri, &budget).await?
                };
                if self.db.write(move |c| moves::receive(c, actor.id, target.id)).await? {
                    Ok(())
                } else {
                    Err(ResolveError::Refused("a move that its target does not confirm, or the second within days"))
                }
            }
            ActivityKind::QuoteRequest => {
                let Some(uri) = activity.instrument.as_deref().and_then(Object::id) else { return Ok(()) };
                let fetched = self.fetch(uri, &budget).await?;
                let mut whole = activity.clone();
                whole.instrument = Some(Box::new(fetched.object));
                self.handle(whole, actor).await
            }
            ActivityKind::FeatureRequest => {
                let Some(uri) = activity.instrument.as_deref().and_then(Object::id) else { return Ok(()) };
                let fetched = self.fetch(uri, &budget).await?;
                if !matches!(&fetched.object, Object::FeaturedCollection(_)) {
                    return Err(ResolveError::Refused("not a collection of people"));
                }
                let mut whole = activity.clone();
                whole.instrument = Some(Box::new(fetched.object));
                self.handle(whole, actor).await
            }
            _ => Ok(()),
        }
    }

    async fn handle(&self, activity: Activity, actor: Actor) -> Result<(), ResolveError> {
        let site = self.site().clone();
        let handled = self.db.write(move |c| activities::handle(c, &site, &activity, &actor)).await;
        match handled {
            Ok(Handled::Fetch) => Err(ResolveError::Refused("still not there after it was fetched")),
            Ok(_) => Ok(()),
            Err(Error::Forbidden(why)) => Err(ResolveError::Refused(why)),
            Err(error) => Err(error.into()),
        }
    }

    /// What somebody passed on: believed only as far as the object's own server says it.
    async fn receive_unproven(&self, activity: &Activity, budget: &Budget) -> Result<(), ResolveError> {
        let Some(uri) = activity.object_id().map(str::to_owned) else { return Ok(()) };
        let known = {
            let uri = uri.clone();
            self.db.read(move |c| posts::by_uri(c, &uri)).await?
        };
        match (activity.kind, known) {
            (ActivityKind::Create, None) => self.post(&uri, 0, budget).await.map(drop),
            (ActivityKind::Update, Some(post)) => {
                let fetched = self.fetch(&uri, budget).await?;
                let Object::Note(note) = fetched.object else { return Ok(()) };
                self.db
                    .write(move |c| {
                        let author = actors::get(c, post.author_id)?;
                        activities::own_note(&author, &note)?;
                        let followers = actors::endpoints(c, author.id)?.followers;
                        let remote = crate::objects::note::read(c, &note, &author, followers.as_deref())?;
                        if let Some(post) = receive::edit(c, remote)? {
                            activities::verify_quote(c, &post, 0)?;
                        }
                        Ok(())
                    })
                    .await?;
                Ok(())
            }
            (ActivityKind::Delete, Some(post)) => match self.fetch(&uri, budget).await {
                Err(error) if error.is_gone() => Ok(self.db.write(move |c| receive::delete(c, post.author_id, &uri)).await?),
                Ok(fetched) if matches!(fetched.object, Object::Tombstone(_)) => {
                    Ok(self.db.write(move |c| receive::delete(c, post.author_id, &uri)).await?)
                }
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            },
            _ => Ok(()),
        }
    }
}
