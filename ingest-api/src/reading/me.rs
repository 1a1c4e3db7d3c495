//! `GET /api/auth/me`: what the caller's key is and may; never the key.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use data_encoding::HEXLOWER;
use domain::event::RiskLevel;
use domain::face_match::{OrgThresholds, threshold_milli, threshold_setting};
use domain::orgs::{Capability, OrgRecord, OrgSetting, RateBucket, Scope, SettingValue};
use domain::ports::{FaceModel, FaceModelId, FaceModelSet};
use org_directory::setting_json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::query::QueryParameters;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::any_key(RateBucket::Get);

/// A key and its org.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeBody {
    org: MeOrg,
    /// The key's public name; never the key.
    key_id: String,
    /// `sandbox` or `live`.
    environment: &'static str,
    scopes: Vec<&'static str>,
    capabilities: MeCapabilities,
    /// Requests a minute by bucket; 0 is no limit.
    limits: BTreeMap<&'static str, u32>,
    settings: MeSettings,
    models: MeModels,
}

/// The models that are loaded; `null` where none is. What a missing one would say is never taken as said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeModels {
    /// Finds faces.
    detector: Option<MeModel>,
    /// Compares faces.
    embedder: Option<MeModel>,
    /// Reads text.
    text_reader: Option<MeModel>,
    /// Tells a face from a picture of one.
    passive_net: Option<MeModel>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeModel {
    /// Its name.
    id: String,
    /// Of its file, in hexadecimal.
    sha256: String,
}

impl MeModel {
    fn of(model: &FaceModel) -> Self {
        let FaceModelId { name, sha256 } = &model.id;
        Self { id: name.clone(), sha256: HEXLOWER.encode(sha256) }
    }
}

impl MeModels {
    fn of(models: Option<&FaceModelSet>) -> Self {
        let reader = models.and_then(|models| models.text_reader.as_ref());
        Self {
            detector: models.map(|models| MeModel::of(&models.detector)),
            embedder: models.map(|models| MeModel::of(&models.primary.model)),
            text_reader: reader.map(|reader| MeModel::of(&reader.model)),
            passive_net: None,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct MeOrg {
    id: String,
    name: String,
}

// The description of the API has a field for each capability (`documentation::rules`).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeCapabilities {
    #[serde(flatten)]
    #[schema(ignore)]
    granted: BTreeMap<&'static str, bool>,
    /// False: `verifications:view` also posts verdicts.
    strict_scopes: bool,
}

/// Every setting of the org with the value in force; `null` where nothing is asked for.
// The description of the API has a field for each setting (`documentation::rules`).
#[derive(Debug, Serialize, ToSchema)]
struct MeSettings {
    #[serde(flatten)]
    #[schema(ignore)]
    in_force: BTreeMap<&'static str, Value>,
}

impl MeSettings {
    /// What the org has chosen and, of what models ask for too, the stricter: a match's threshold by the model that makes
    /// the vectors of references.
    fn of(org: &OrgRecord, models: Option<&FaceModelSet>) -> Self {
        let shown = |setting: OrgSetting| (setting.as_str(), setting_json(org.setting(setting).as_ref()));
        let mut in_force: BTreeMap<_, _> = OrgSetting::ALL.into_iter().map(shown).collect();
        if let Some(models) = models {
            for level in RiskLevel::ALL {
                let milli = threshold_milli(&models.primary.thresholds, OrgThresholds::of(org), level);
                let value = SettingValue::Share { milli };
                in_force.insert(threshold_setting(level).as_str(), setting_json(Some(&value)));
            }
        }
        Self { in_force }
    }
}

/// Shows the caller's key.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    QueryParameters::parse(req.query_string(), &[]).finish()?;
    let org = caller.org();
    let granted = |capability: Capability| (capability.as_str(), org.capabilities.contains(capability));
    let limit = |bucket: RateBucket| (bucket.as_str(), org.limits.per_minute(bucket));
    Ok(HttpResponse::Ok().json(MeBody {
        org: MeOrg { id: org.org.as_str().to_owned(), name: org.name.clone() },
        key_id: caller.key.id.as_str().to_owned(),
        environment: org.environment.as_str(),
        scopes: caller.key.scopes.iter().copied().map(Scope::as_str).collect(),
        capabilities: MeCapabilities {
            granted: Capability::ALL.into_iter().map(granted).collect(),
            strict_scopes: org.strict_scopes,
        },
        limits: RateBucket::ALL.into_iter().map(limit).collect(),
        settings: MeSettings::of(org, app.faces.models()),
        models: MeModels::of(app.faces.models()),
    }))
}
