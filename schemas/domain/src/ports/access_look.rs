//! How somebody had access to a customer's data, and the words that stores have for it.

use crate::event::{ActKind, PersonalDataPage};
use crate::ids::ApiKeyId;
use crate::sealed::Field;
use crate::signers::SignerName;
use crate::staff::{StaffRole, StaffUserName};

/// Between names of fields: in none of them.
const SEPARATOR: &str = ",";

/// How somebody had access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLook {
    /// A member of staff was shown fields in the console.
    ConsoleView {
        /// Who looked.
        user: StaffUserName,
        /// As what.
        role: StaffRole,
        /// Where.
        page: PersonalDataPage,
        /// What was shown, in the record's order.
        fields: Vec<Field>,
    },
    /// Personal data was in an answer to an API key.
    ApiRead {
        /// Which.
        key: ApiKeyId,
    },
    /// A signer took a step towards opening something of the customer's.
    SignerAct {
        /// Who.
        signer: SignerName,
        /// Which step.
        kind: ActKind,
    },
}

/// A look in the words of stores: who, as what, where, and which fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLookWords {
    /// A user name, a key's public name, or a signer's.
    pub actor: String,
    /// A role, [`AccessLookWords::API_KEY`] or [`AccessLookWords::SIGNER`].
    pub role: &'static str,
    /// A page, [`AccessLookWords::API`], or an act's kind.
    pub page: &'static str,
    /// The fields' names, with commas; empty where the record has none.
    pub fields: String,
}

impl AccessLookWords {
    /// In a role's place. No role is called so.
    pub const API_KEY: &'static str = "api_key";
    /// In a role's place. No role is called so.
    pub const SIGNER: &'static str = "signer";
    /// In a page's place. No page is called so.
    pub const API: &'static str = "api";
}

impl AccessLook {
    /// By which the looks of one are found: a user name, or a key's public name.
    pub fn actor(&self) -> &str {
        match self {
            Self::ConsoleView { user, .. } => user.as_str(),
            Self::ApiRead { key } => key.as_str(),
            Self::SignerAct { signer, .. } => signer.as_str(),
        }
    }

    /// For stores.
    pub fn words(&self) -> AccessLookWords {
        let actor = self.actor().to_owned();
        match self {
            Self::ConsoleView { role, page, fields, .. } => {
                let fields = fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(SEPARATOR);
                AccessLookWords { actor, role: role.as_str(), page: page.as_str(), fields }
            }
            Self::ApiRead { .. } => AccessLookWords {
                actor,
                role: AccessLookWords::API_KEY,
                page: AccessLookWords::API,
                fields: String::new(),
            },
            Self::SignerAct { kind, .. } => AccessLookWords {
                actor,
                role: AccessLookWords::SIGNER,
                page: kind.as_str(),
                fields: String::new(),
            },
        }
    }

    /// The look that [`AccessLook::words`] gave.
    pub fn parse(actor: &str, role: &str, page: &str, fields: &str) -> Option<Self> {
        if role == AccessLookWords::API_KEY {
            return (page == AccessLookWords::API && fields.is_empty())
                .then(|| ApiKeyId::parse(actor).ok())
                .flatten()
                .map(|key| Self::ApiRead { key });
        }
        if role == AccessLookWords::SIGNER {
            let (signer, kind) = (SignerName::parse(actor).ok()?, ActKind::parse(page)?);
            return fields.is_empty().then_some(Self::SignerAct { signer, kind });
        }
        Some(Self::ConsoleView {
            user: StaffUserName::parse(actor)?,
            role: StaffRole::parse(role)?,
            page: PersonalDataPage::parse(page)?,
            fields: fields
                .split(SEPARATOR)
                .filter(|name| !name.is_empty())
                .map(Field::parse)
                .collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(look: &AccessLook) {
        let AccessLookWords { actor, role, page, fields } = look.words();
        assert_eq!(AccessLook::parse(&actor, role, page, &fields).as_ref(), Some(look));
    }

    fn view(fields: &[Field]) -> AccessLook {
        AccessLook::ConsoleView {
            user: StaffUserName::parse("ana").expect("a name"),
            role: StaffRole::Analyst,
            page: PersonalDataPage::Customer,
            fields: fields.to_vec(),
        }
    }

    #[test]
    fn a_look_comes_back_from_its_words() {
        for fields in [&[][..], &[Field::FullName], &[Field::Reason, Field::FullName]] {
            comes_back(&view(fields));
        }
        comes_back(&AccessLook::ApiRead { key: ApiKeyId::from_bytes([7; 16]) });
        for kind in ActKind::ALL {
            comes_back(&AccessLook::SignerAct { signer: SignerName::parse("Rina.K").expect("a name"), kind });
        }
        assert_eq!(view(&[Field::Reason, Field::FullName]).words().fields, "reason,full_name");
        assert!(
            StaffRole::ALL
                .iter()
                .all(|role| ![AccessLookWords::API_KEY, AccessLookWords::SIGNER].contains(&role.as_str()))
        );
        assert!(PersonalDataPage::ALL.iter().all(|page| page.as_str() != AccessLookWords::API));
        for (actor, role, page, fields) in [
            ("ana", "analyst", "customer", "full_name,nothing"),
            ("ana", "nobody", "customer", ""),
            ("ana", "analyst", "nowhere", ""),
            ("A", "analyst", "customer", ""),
            ("ana", "api_key", "api", ""),
            ("ana", "signer", "customer", ""),
            ("", "signer", "unseal.open", ""),
            ("ana", "signer", "unseal.open", "full_name"),
            ("key_00000000000000000000000001", "api_key", "customer", ""),
            ("key_00000000000000000000000001", "api_key", "api", "full_name"),
        ] {
            assert_eq!(AccessLook::parse(actor, role, page, fields), None, "{actor} {role} {page} {fields}");
        }
    }
}
