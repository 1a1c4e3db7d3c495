//! `compose.yaml`: what it names exists, nothing listens beyond this machine, and our own containers are held as
//! tightly as in production. Not here: whether it runs, for which a container engine is needed.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{FOLDER, Report, list, text, yaml};

/// The image that is built here.
const OUR_IMAGE: &str = "identity";

/// Looks at every service.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    let path = format!("{FOLDER}/compose.yaml");
    let document = yaml(root, &path)?.into_iter().next().context("an empty compose.yaml")?;
    let services = document["services"].as_object().context("no services")?;
    for (name, service) in services {
        let mut expect = |holds: bool, what: String| report.expect(&path, holds, format!("{name}: {what}"));
        let image = text(service, "/image");
        if image == OUR_IMAGE {
            expect(service["read_only"] == true, "its root file system can be written".to_owned());
            expect(text(service, "/user").starts_with("10001"), "is not user 10001".to_owned());
            expect(list(service, "/cap_drop").contains(&"ALL".into()), "keeps capabilities".to_owned());
            let grace = text(service, "/stop_grace_period").trim_end_matches('s').parse::<u32>();
            expect(
                grace.is_ok_and(|seconds| seconds > 25),
                "is killed before it has drained (25 s)".to_owned(),
            );
            expect(service.pointer("/healthcheck/test").is_some(), "no healthcheck".to_owned());
        } else {
            let tag = image.rsplit_once(':').map(|(_, tag)| tag);
            expect(tag.is_some_and(|tag| tag != "latest"), format!("{image} has no tag of its own"));
        }
        for port in list(service, "/ports").iter().filter_map(Value::as_str) {
            expect(port.starts_with("127.0.0.1:"), format!("{port} is open to others"));
        }
        for other in service["depends_on"].as_object().into_iter().flat_map(|others| others.keys()) {
            expect(services.contains_key(other), format!("depends on {other}, which is not there"));
        }
        for volume in list(service, "/volumes").iter().filter_map(Value::as_str) {
            let source = volume.split(':').next().unwrap_or_default();
            let there = match source.strip_prefix("./") {
                Some(file) => root.join(FOLDER).join(file).is_file(),
                None => document["volumes"].get(source).is_some(),
            };
            expect(there, format!("mounts {source}, which is not there"));
        }
    }
    for (image, wanted) in [("apache/kafka", 3), ("scylladb/scylla", 3), (OUR_IMAGE, 4)] {
        let found = services
            .values()
            .filter(|service| text(service, "/image").split(':').next() == Some(image))
            .count();
        report.expect(&path, found == wanted, format!("{found} services of {image}, not {wanted}"));
    }
    Ok(())
}
