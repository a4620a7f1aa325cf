//! Volumes and claims to them.

use serde_json::json;

use super::rules::{Rules, fill, without};

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// The rules of PersistentVolumeClaims.
pub const CLAIM: Rules = Rules {
    fill: |it| fill(&mut it["spec"], &[("volumeMode", json!("Filesystem"))]),
    begin: |it| fill(&mut it["status"], &[("phase", json!("Pending"))]),
    check: |it, faults| {
        let spec = &it["spec"];
        if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
            faults.required("spec.accessModes", "at least 1 access mode is required");
        }
        for mode in spec["accessModes"].as_array().into_iter().flatten() {
            faults.one_of("spec.accessModes", mode, &MODES);
        }
        if spec["resources"]["requests"]["storage"].is_null() {
            faults.required("spec.resources[storage]", "");
        }
    },
    compare: |old, new, faults| {
        let free = ["resources", "volumeAttributesClassName", "volumeName"];
        if without(&old["spec"], &free) != without(&new["spec"], &free) {
            faults.forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and \
                 volumeAttributesClassName for bound claims",
            );
        }
    },
    ..Rules::of("", "PersistentVolumeClaim")
};

/// The rules of PersistentVolumes.
pub const VOLUME: Rules = Rules {
    fill: |it| {
        let reclaim = ("persistentVolumeReclaimPolicy", json!("Retain"));
        fill(&mut it["spec"], &[reclaim, ("volumeMode", json!("Filesystem"))]);
    },
    begin: |it| fill(&mut it["status"], &[("phase", json!("Available"))]),
    check: |it, faults| {
        let spec = &it["spec"];
        if spec["capacity"]["storage"].is_null() {
            faults.required("spec.capacity", "");
        }
        if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
            faults.required("spec.accessModes", "");
        }
    },
    ..Rules::of("", "PersistentVolume")
};

/// The rules of StorageClasses.
pub const STORAGE_CLASS: Rules = Rules {
    fill: |it| {
        fill(it, &[("reclaimPolicy", json!("Delete")), ("volumeBindingMode", json!("Immediate"))]);
    },
    check: |it, faults| {
        if it["provisioner"].as_str().is_none_or(str::is_empty) {
            faults.required("provisioner", "");
        }
    },
    compare: |old, new, faults| {
        for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
            if old[field] != new[field] {
                faults.forbidden(field, &format!("updates to {field} are forbidden."));
            }
        }
    },
    ..Rules::of("storage.k8s.io", "StorageClass")
};
