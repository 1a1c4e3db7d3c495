//! The Kubernetes manifests: names that must agree agree, and every pod is held as the house promises. Not here:
//! the schemas of Kubernetes (checked once by hand, see `infra/deploy/kubernetes/README.md`), or running them.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::{FOLDER, Report, list, text, yaml};

/// One document and where it stands.
struct Manifest {
    path: String,
    value: Value,
}

impl Manifest {
    fn kind(&self) -> &str {
        text(&self.value, "/kind")
    }

    fn name(&self) -> &str {
        text(&self.value, "/metadata/name")
    }

    fn says(&self, report: &mut Report, holds: bool, what: impl AsRef<str>) {
        report.expect(&self.path, holds, format!("{} {}: {}", self.kind(), self.name(), what.as_ref()));
    }

    /// Whether it makes pods.
    fn is_workload(&self) -> bool {
        matches!(self.kind(), "Deployment" | "StatefulSet" | "Job")
    }
}

/// Looks at every manifest.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    let folder = format!("{FOLDER}/kubernetes/");
    let mut manifests = Vec::new();
    let mut listed = Vec::new();
    for path in super::files(root)?.into_iter().filter(|p| p.starts_with(&folder) && p.ends_with(".yaml")) {
        for value in yaml(root, &path)? {
            if text(&value, "/kind") == "Kustomization" {
                let resources = list(&value, "/resources").iter().filter_map(Value::as_str);
                listed.extend(resources.map(|file| format!("{folder}{file}")));
                continue;
            }
            manifests.push(Manifest { path: path.clone(), value });
        }
    }
    for manifest in &manifests {
        let here = listed.contains(&manifest.path);
        manifest.says(report, here, "its file is not among the resources of kustomization.yaml");
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            manifest.says(report, !text(&manifest.value, field).is_empty(), format!("no {field}"));
        }
        if manifest.is_workload() {
            workload(manifest, report);
        }
        refers(manifest, &manifests, report);
    }
    for file in listed.iter().filter(|file| !root.join(file).is_file()) {
        report.broken(&folder, format!("{file} is not there"));
    }
    let workloads: Vec<&Manifest> = manifests.iter().filter(|manifest| manifest.is_workload()).collect();
    report.expect(&folder, workloads.len() >= 2, "the API and the projectors are not both there");
    for workload in workloads {
        guarded(workload, &manifests, report);
    }
    Ok(())
}

/// What every pod of ours is.
fn workload(manifest: &Manifest, report: &mut Report) {
    let template = &manifest.value["spec"]["template"];
    let pod = &template["spec"];
    let mut says = |holds: bool, what: &str| manifest.says(report, holds, what);
    let selector = manifest.value.pointer("/spec/selector/matchLabels");
    let labels = template.pointer("/metadata/labels");
    says(selects(selector, labels), "its selector does not select its own pods");
    says(pod["automountServiceAccountToken"] == false, "has a token it does not need");
    // A service's variables begin with IDENTITY_, and an unknown setting stops the start.
    says(pod["enableServiceLinks"] == false, "gets variables that look like settings of ours");
    says(pod["securityContext"]["runAsNonRoot"] == true, "may be root");
    says(pod["securityContext"].get("fsGroup").is_none(), "an fsGroup opens the org keys' folder to a group");
    says(text(pod, "/securityContext/seccompProfile/type") == "RuntimeDefault", "no seccomp profile");
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap_or_default();
    says(grace > 25, "is killed before it has drained (25 s)");
    says(pod.pointer("/affinity/podAntiAffinity").is_some(), "no anti-affinity");
    says(!list(pod, "/topologySpreadConstraints").is_empty(), "is not spread over zones");
    let volumes: Vec<&str> = list(pod, "/volumes").iter().map(|volume| text(volume, "/name")).collect();
    for container in list(pod, "/containers") {
        let ports: Vec<&str> = list(container, "/ports").iter().map(|port| text(port, "/name")).collect();
        let context = &container["securityContext"];
        says(context["allowPrivilegeEscalation"] == false, "may escalate privileges");
        says(context["readOnlyRootFilesystem"] == true, "its root file system can be written");
        says(list(context, "/capabilities/drop").contains(&"ALL".into()), "keeps capabilities");
        for (probe, path) in
            [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
        {
            let get = &container[probe]["httpGet"];
            says(text(get, "/path") == path, &format!("its {probe} does not ask {path}"));
            says(ports.contains(&text(get, "/port")), &format!("its {probe} asks a port that is not there"));
        }
        says(container.pointer("/resources/requests/cpu").is_some(), "asks for no CPU");
        says(container.pointer("/resources/limits/memory").is_some(), "has no limit of memory");
        for mount in list(container, "/volumeMounts").iter().map(|mount| text(mount, "/name")) {
            says(volumes.contains(&mount), &format!("mounts {mount}, which is no volume"));
        }
        for variable in list(container, "/env") {
            let name = text(variable, "/name");
            says(
                variable.pointer("/valueFrom/secretKeyRef").is_none(),
                &format!("{name}: a secret by variable"),
            );
            let secret = name.ends_with("PASSWORD");
            says(!secret, &format!("{name}: secrets come from files"));
        }
    }
}

/// What a manifest points at is there.
fn refers(manifest: &Manifest, all: &[Manifest], report: &mut Report) {
    let value = &manifest.value;
    let workloads = || all.iter().filter(|other| other.is_workload());
    let pods = |selector: Option<&Value>| {
        workloads().any(|other| selects(selector, other.value.pointer("/spec/template/metadata/labels")))
    };
    match manifest.kind() {
        "Service" => manifest.says(report, pods(value.pointer("/spec/selector")), "selects no pod"),
        "PodDisruptionBudget" => {
            manifest.says(report, pods(value.pointer("/spec/selector/matchLabels")), "selects no pod");
        }
        "NetworkPolicy" => {
            manifest.says(report, pods(value.pointer("/spec/podSelector/matchLabels")), "selects no pod");
        }
        "HorizontalPodAutoscaler" | "ScaledObject" => {
            let target = &value["spec"]["scaleTargetRef"];
            let found = workloads().any(|w| w.kind() == target["kind"] && w.name() == target["name"]);
            manifest.says(report, found, "scales nothing that is there");
        }
        "StatefulSet" => {
            let service = text(value, "/spec/serviceName");
            let found = all.iter().any(|other| other.kind() == "Service" && other.name() == service);
            manifest.says(report, found, format!("its service {service} is not there"));
        }
        _ => {}
    }
}

/// Every workload has its budget, its scaling, and policies over all its ports.
fn guarded(workload: &Manifest, all: &[Manifest], report: &mut Report) {
    let labels = workload.value.pointer("/spec/template/metadata/labels");
    let budget = all.iter().any(|other| {
        other.kind() == "PodDisruptionBudget"
            && selects(other.value.pointer("/spec/selector/matchLabels"), labels)
    });
    workload.says(report, budget, "no PodDisruptionBudget");
    let scaled = all.iter().any(|other| text(&other.value, "/spec/scaleTargetRef/name") == workload.name());
    workload.says(report, scaled, "nothing scales it");
    workload.says(
        report,
        workload.value.pointer("/spec/replicas").is_none(),
        "replicas fight the autoscaler",
    );
    let policies: Vec<&Manifest> = all
        .iter()
        .filter(|other| other.kind() == "NetworkPolicy")
        .filter(|other| selects(other.value.pointer("/spec/podSelector/matchLabels"), labels))
        .collect();
    let closed = policies.iter().any(|policy| {
        let types = list(&policy.value, "/spec/policyTypes");
        types.contains(&"Ingress".into()) && policy.value.pointer("/spec/ingress").is_none()
    });
    workload.says(report, closed, "no policy that lets nobody in");
    for port in list(&workload.value, "/spec/template/spec/containers/0/ports") {
        let rules = policies.iter().flat_map(|policy| list(&policy.value, "/spec/ingress"));
        let about = |rule: &&Value| list(rule, "/ports").iter().any(|p| p["port"] == port["containerPort"]);
        let rules: Vec<&Value> = rules.filter(about).collect();
        let name = text(port, "/name");
        workload.says(report, !rules.is_empty(), format!("no policy lets anybody reach {name}"));
        let open = rules.iter().any(|rule| rule.get("from").is_none());
        workload.says(report, name != "admin" || !open, "anybody reaches its management listener");
    }
}

/// Whether every label of the selector is among the labels.
fn selects(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let (Some(Value::Object(selector)), Some(Value::Object(labels))) = (selector, labels) else {
        return false;
    };
    !selector.is_empty() && selector.iter().all(|(name, value)| labels.get(name) == Some(value))
}
