# Chat models that lie beside the installer come along: into /var/lib/cloister/models, where the
# program finds them and an administrator takes them into a vault. They are looked at there, not
# here: each file's hash and the signature are checked before anything of them is used.

take_models() { # FOLDER beside the installer
    [ -d "$1/models" ] || return 0
    for bundle in "$1"/models/*/; do
        [ -f "${bundle}mlc-chat-config.json" ] || continue
        name=$(basename "$bundle")
        # A link would lead elsewhere, and root would make a device anew, for everybody to read.
        if [ -n "$(find "$bundle" ! -type f ! -type d)" ]; then
            echo "cloister: The chat model $name was left: something in it is no file." >&2
            continue
        fi
        target=$ROOT/var/lib/cloister/models
        mkdir -p "$target" # by the umask of the script: others read there, and nobody else writes
        rm -rf "$target/.coming"
        cp -R "$bundle" "$target/.coming"
        chmod -R u=rwX,go=rX "$target/.coming"
        rm -rf "${target:?}/$name"
        mv "$target/.coming" "$target/$name"
        say "The chat model $name came along. An administrator takes it in with"
        say "  cloister model install /var/lib/cloister/models/$name"
    done
}
