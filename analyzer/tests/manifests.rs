//! What `portcullis envoy --for istio` renders has the types that Istio publishes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a test may fail loudly")]

use kcr_networking_istio_io::v1alpha3::envoyfilters::EnvoyFilter;
use serde_json::Value;
use std::process::Command;

const POLICY: &str = "analyzer: {cluster: portcullis_analyzer, token_env: TOKEN}\n";

fn rendered(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["envoy", "--for", "istio", "--policy", "policy.yaml"]).args(arguments);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_saphyr::from_str(std::str::from_utf8(&output.stdout).unwrap()).unwrap()
}

/// Reads the manifest by the published types; what they do not know is not written again.
fn read_and_written(manifest: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<EnvoyFilter>(manifest.clone())?)
}

#[test]
fn an_envoy_filter_is_one_to_istio() {
    let labels = ["--workload", "app=shop", "--workload", "tier=1", "--analyzer", "portcullis:9470"];
    for side in ["sidecar", "gateway"] {
        let manifest = rendered(&[&labels[..], &["--side", side]].concat());
        assert_eq!(read_and_written(&manifest).unwrap(), manifest);
    }
}

#[test]
fn what_istio_does_not_know_is_noticed() {
    let manifest = rendered(&["--workload", "app=shop"]);
    let mut misspelt = manifest.clone();
    misspelt["spec"]["configPatches"][0]["applyTo"] = "HTTP_FILTR".into();
    assert!(read_and_written(&misspelt).is_err());
    let mut unknown = manifest;
    unknown["spec"]["configPatches"][0]["match"]["side"] = "inbound".into();
    assert_ne!(read_and_written(&unknown).unwrap(), unknown);
}
