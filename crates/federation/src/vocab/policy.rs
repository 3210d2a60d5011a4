//! Who may react: interaction policies (GoToSocial, FEP-044f), and the stamp that allows a quote.
//! Each rule is read from an array or a single address, under its present names or the older ones.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use super::kind::kinds;
use super::read;

/// Who may do what with a post without asking, and who after asking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InteractionPolicy {
    /// Likes.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub can_like: Option<Rule>,
    /// Replies.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub can_reply: Option<Rule>,
    /// Boosts.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub can_announce: Option<Rule>,
    /// Quotes (FEP-044f).
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub can_quote: Option<Rule>,
    /// Being put into collections; of actors (FEP-7aa9).
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub can_feature: Option<Rule>,
}

/// The addresses of those who may: `Public`, a followers or following collection, or actors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Who may at once.
    pub automatic_approval: Vec<String>,
    /// Whose wish waits for the author.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub manual_approval: Vec<String>,
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // GoToSocial has sent both pairs of names at once.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            #[serde(default, deserialize_with = "read::references")]
            automatic_approval: Vec<String>,
            #[serde(default, deserialize_with = "read::references")]
            manual_approval: Vec<String>,
            #[serde(default, deserialize_with = "read::references")]
            always: Vec<String>,
            #[serde(default, deserialize_with = "read::references")]
            approval_required: Vec<String>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let newer = |new: Vec<String>, old: Vec<String>| if new.is_empty() { old } else { new };
        Ok(Self {
            automatic_approval: newer(wire.automatic_approval, wire.always),
            manual_approval: newer(wire.manual_approval, wire.approval_required),
        })
    }
}

kinds! {
    /// The one type of a stamp.
    pub enum QuoteAuthorizationKind {
        /// As it says.
        QuoteAuthorization,
    }
}

/// An author's leave to quote a post, which the quoting post names (FEP-044f).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteAuthorization {
    /// Its id; on the quoted author's origin.
    pub id: String,
    #[serde(rename = "type")]
    kind: QuoteAuthorizationKind,
    /// The quoted author, who gives the leave.
    #[serde(default, deserialize_with = "read::reference")]
    pub attributed_to: Option<String>,
    /// The quoting post.
    #[serde(default, deserialize_with = "read::reference")]
    pub interacting_object: Option<String>,
    /// The quoted post.
    #[serde(default, deserialize_with = "read::reference")]
    pub interaction_target: Option<String>,
}

impl QuoteAuthorization {
    /// The leave of `author` that `quoting` may quote `quoted`.
    pub fn new(id: impl Into<String>, author: impl Into<String>, quoting: impl Into<String>, quoted: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: QuoteAuthorizationKind::QuoteAuthorization,
            attributed_to: Some(author.into()),
            interacting_object: Some(quoting.into()),
            interaction_target: Some(quoted.into()),
        }
    }

    /// Whether it is the leave of `author` that `quoting` may quote `quoted`.
    pub fn allows(&self, author: &str, quoting: &str, quoted: &str) -> bool {
        self.attributed_to.as_deref() == Some(author)
            && self.interacting_object.as_deref() == Some(quoting)
            && self.interaction_target.as_deref() == Some(quoted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::PUBLIC;
    use serde_json::json;

    #[test]
    fn rules_are_read_under_both_names() {
        for value in [
            json!({"automaticApproval": [PUBLIC], "manualApproval": []}),
            json!({"automaticApproval": PUBLIC}),
            json!({"always": PUBLIC, "approvalRequired": []}),
            json!({"always": PUBLIC, "automaticApproval": [PUBLIC], "approvalRequired": [], "manualApproval": []}),
        ] {
            let policy: InteractionPolicy = serde_json::from_value(json!({"canQuote": value, "canLike": 5})).unwrap();
            assert_eq!(policy.can_quote.unwrap().automatic_approval, [PUBLIC]);
            assert_eq!(policy.can_like, None);
        }
    }

    #[test]
    fn an_empty_rule_allows_nobody_and_is_written() {
        let policy = InteractionPolicy { can_quote: Some(Rule::default()), ..InteractionPolicy::default() };
        assert_eq!(serde_json::to_value(&policy).unwrap(), json!({"canQuote": {"automaticApproval": []}}));
    }
}
