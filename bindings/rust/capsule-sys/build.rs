//! Finds libcapsule: in the folder that CAPSULE_LIB_DIR names, else by pkg-config.

fn main() {
    println!("cargo:rerun-if-env-changed=CAPSULE_LIB_DIR");
    if let Ok(folder) = std::env::var("CAPSULE_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        println!("cargo:rustc-link-lib=dylib=capsule");
        return;
    }
    if let Err(error) = pkg_config::Config::new().atleast_version(env!("CARGO_PKG_VERSION")).probe("capsule") {
        eprintln!("libcapsule {} or later is needed: {error}", env!("CARGO_PKG_VERSION"));
        std::process::exit(1);
    }
}
