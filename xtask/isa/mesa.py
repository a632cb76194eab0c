"""Mesa's drivers of a version of their own, unpacked beside the system's: `python3 mesa.py FOLDER` prints where its libraries are."""

import os
import pathlib
import subprocess
import sys

# Of bookworm-backports: the last one that can be told which card to be.
PACKAGES = {"mesa-vulkan-drivers": "25.0.7-2~bpo12+1", "libdrm2": None, "libdrm-amdgpu1": None}
LIBRARIES = "usr/lib/x86_64-linux-gnu"


# There are no packages for this system.
ELSEWHERE = 3


def mirror():
    """Where this system has its packages from."""
    sites = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"], check=True, capture_output=True, text=True)
    return next(site for site in sites.stdout.split() if site.rstrip("/").endswith("/debian"))


def mesa(work):
    """Mesa and its headers, unpacked beside the system's."""
    root = work / "mesa"
    if (root / LIBRARIES / "libvulkan_radeon.so").exists():
        return root
    apt = work / "apt"
    for folder in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial", "debs"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "state/status").touch()
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    suites = ("bookworm", "bookworm-backports")
    (apt / "etc/sources.list").write_text("".join(f"deb [signed-by={key}] {mirror()} {suite} main\n" for suite in suites))
    (apt / "apt.conf").write_text(
        f'Dir::State "{apt}/state"; Dir::State::status "{apt}/state/status"; Dir::Cache "{apt}/cache"; Dir::Etc "{apt}/etc";\n'
        f'Dir::Etc::sourcelist "{apt}/etc/sources.list"; Dir::Etc::sourceparts "-"; APT::Architecture "amd64"; APT::Sandbox::User "root";\n')
    run = lambda *line: subprocess.run(line, check=True, cwd=apt / "debs", env={**os.environ, "APT_CONFIG": str(apt / "apt.conf")})
    run("apt-get", "-qq", "update")
    fetch = lambda *names: run("apt-get", "-qq", "download", "libvulkan1", "libvulkan-dev", *names)
    try:
        fetch(*(f"{name}={version}" if version else f"{name}/bookworm-backports" for name, version in PACKAGES.items()))
    except subprocess.CalledProcessError:
        print("warning: not the version that benches/isa.md is of", file=sys.stderr)
        fetch(*(f"{name}/bookworm-backports" for name in PACKAGES))
    for package in (apt / "debs").glob("*.deb"):
        run("dpkg", "-x", str(package), str(root))
    return root


def version(work):
    """Of the packages that were unpacked."""
    [package] = (work / "apt/debs").glob("mesa-vulkan-drivers_*.deb")
    return package.name.split("_")[1].split("-")[0]


if __name__ == "__main__":
    system = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line) if os.path.exists("/etc/os-release") else {}
    if system.get("VERSION_CODENAME") != "bookworm" or os.uname().machine != "x86_64":
        print(f"this is {system.get('PRETTY_NAME', sys.platform)} on {os.uname().machine}, not Debian 12 on x86-64", file=sys.stderr)
        sys.exit(ELSEWHERE)
    print(mesa(pathlib.Path(sys.argv[1]).resolve()) / LIBRARIES)
