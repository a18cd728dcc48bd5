#!/bin/bash
# Cloister for macOS: a signed, notarised package for everybody on the machine (docs/installing.md).
# Run on a Mac after `python packaging/build.py --part program`:
#
#   packaging/installer/macos/build.sh VERSION-BUILD "Developer ID Application: …" "Developer ID Installer: …"
#
# Rules kept here: the application is in the system's sandbox, without an entitlement for the network;
# what it starts is itself and inherits that. What was tried and what was not stands in
# docs/installing.md.
set -euo pipefail
[ $# = 3 ] || {
    echo "usage: build.sh VERSION-BUILD APPLICATION-CERTIFICATE INSTALLER-CERTIFICATE" >&2
    exit 2
}
umask 022
release=$1 signer=$2 installer=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
app=$root/build/installer/program/Cloister.app
work=$root/build/installer/macos
out=$root/dist/cloister-$release-macos-$(uname -m).pkg
rm -rf "$work"
mkdir -p "$work/payload/Applications" "$(dirname "$out")"

# For a terminal: the same program, whose parent is no application; hardened, not in the sandbox.
cp "$app/Contents/MacOS/cloister" "$app/Contents/MacOS/cloister-terminal"

# From the inside out: libraries, then the programs, then the application.
find "$app/Contents" -type f \( -name '*.so' -o -name '*.dylib' \) -print0 |
    xargs -0 codesign --force --timestamp --options runtime --sign "$signer"
codesign --force --timestamp --options runtime --sign "$signer" \
    --entitlements "$here/inherited.plist" "$app/Contents/MacOS/cloister"
codesign --force --timestamp --options runtime --sign "$signer" \
    --entitlements "$here/terminal.plist" "$app/Contents/MacOS/cloister-terminal"
codesign --force --timestamp --options runtime --sign "$signer" \
    --entitlements "$here/window.plist" "$app"
codesign --verify --deep --strict "$app"
for program in "$app" "$app/Contents/MacOS/cloister" "$app/Contents/MacOS/cloister-terminal"; do
    if codesign --display --entitlements - "$program" 2>/dev/null |
        grep -q 'com.apple.security.network'; then
        echo "$program asks for the network: this is no Cloister." >&2
        exit 1
    fi
done

ditto "$app" "$work/payload/Applications/Cloister.app"
pkgbuild --root "$work/payload" --install-location / --scripts "$here/scripts" \
    --identifier org.cloister.appliance --version "$release" --ownership recommended \
    --component-plist "$here/component.plist" "$work/cloister.pkg"
productbuild --distribution "$here/distribution.xml" --package-path "$work" \
    --sign "$installer" --timestamp "$out"
echo "$out"
echo "Then: xcrun notarytool submit --wait, and xcrun stapler staple, on a machine with a network."
