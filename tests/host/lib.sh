# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# lib.sh - what the scripts of the emulated host share: the cache folder, its
# lock, and Debian arm64 packages out of it or into it.
#
# Layout of the cache, ${XDG_CACHE_HOME:-~/.cache}/pvtime-vmm:
#
#	lock			held while anything is added
#	apt/SUITE/		private apt state: the system's is not touched
#	package/SUITE/NAME	link to NAME_VERSION beside it, unpacked
#	kernel/NAME		link to a folder with image, config, modules
#	host/			base archives and inits of the emulated host
#	kmod/			test modules, built
#
# Everything is made under a temporary name and renamed when complete, so a
# name that exists can be used without the lock, and an interrupted run leaves
# nothing that looks finished (leftovers go with the next lock holder).

# $me is the name that messages start with; set by whoever sources this.
: "${me:?}"

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/pvtime-vmm

say()
{
	printf '%s: %s\n' "$me" "$*" >&2
}

# 125 as env(1) and timeout(1) have it: we failed, not what was to be run.
die()
{
	say "$@"
	exit 125
}

# Run "$@" with the cache to ourselves.
locked()
{
	local lock

	mkdir -p "$cache" || die "no cache folder '$cache'"
	exec {lock}> "$cache/lock"
	if ! flock -n "$lock"; then
		say "waiting for another run to fill the cache"
		flock "$lock"
	fi
	rm -rf "$cache/tmp"
	mkdir "$cache/tmp"
	"$@"
	exec {lock}>&-
}

# apt_in SUITE COMMAND ARGS...: an apt command for Debian SUITE, arm64, with
# state of its own but with the system's proxies, credentials and mirror.
apt_in()
{
	local dir=$cache/apt/$1

	shift
	"$1" -c "$dir/apt.conf" "${@:2}"
}

# The system's Debian mirror: the first source it has of a main suite.
mirror()
{
	if [ -n "${PVTIME_MIRROR-}" ]; then
		echo "$PVTIME_MIRROR"
		return
	fi
	apt-get indextargets \
		--format "\$(COMPONENT) \$(RELEASE) \$(REPO_URI)" \
		'Identifier: Packages' | awk '
		$1 == "main" && $2 ~ /^(bookworm|trixie|forky|sid)$|stable$|^testing$/ {
			print $3
			exit
		}'
}

# Make the private state of suite $1 and bring its package list up to date.
apt_update()
{
	local dir=$cache/apt/$1 uri

	uri=$(mirror)
	[ -n "$uri" ] || die "apt knows no Debian mirror here;" \
		"give one in PVTIME_MIRROR"
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		die "no Debian keys; install debian-archive-keyring"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	: > "$dir/status"
	cat > "$dir/debian.sources" <<-EOF
	Types: deb
	URIs: $uri
	Suites: $1
	Components: main
	Architectures: arm64
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	EOF
	# The system's hooks are about the system's state, so they are cleared.
	# The _apt user cannot be expected to reach into a home folder.
	cat > "$dir/apt.conf" <<-EOF
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear APT::Update::Pre-Invoke;
	APT::Architecture "arm64";
	APT::Architectures { "arm64"; };
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::GzipIndexes "true";
	Acquire::Retries "3";
	APT::Update::Error-Mode "any";
	Dir::Etc::SourceList "$dir/debian.sources";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State "$dir";
	Dir::State::Lists "$dir/lists";
	Dir::State::Status "$dir/status";
	Dir::Cache "$dir";
	EOF
	say "looking at Debian $1's package list"
	apt_in "$1" apt-get -qq update >&2 ||
		die "no package list of Debian $1 from $uri"
}

# The packages that package $2 of suite $1 depends on and that match ERE $3.
apt_depends()
{
	apt_in "$1" apt-cache depends "$2" |
		awk -v want="^($3)\$" '$1 == "Depends:" && $2 ~ want { print $2 }'
}

# Download package $2 of suite $1 and unpack it over folder $3.
apt_unpack()
{
	local work=$cache/tmp/deb size

	size=$(apt_in "$1" apt-cache --no-all-versions show "$2" |
		awk '$1 == "Size:" { printf "%.0f MB", $2 / 1e6 + .5; exit }')
	[ -n "$size" ] || die "Debian $1 has no package '$2'"
	say "fetching $2 ($size)"
	mkdir -p "$work" "$3"
	(cd "$work" && apt_in "$1" apt-get -qq download "$2") >&2 ||
		die "no package $2 from Debian $1"
	dpkg-deb -x "$work"/*.deb "$3" || die "$2: cannot be unpacked"
	rm -r "$work"
}

# publish FOLDER LINK: make LINK name the finished FOLDER (moved beside it,
# under the last part of its own name), and drop what LINK named before.
publish()
{
	local name=${1##*/} dir=${2%/*} old

	mkdir -p "$dir"
	old=$(readlink "$2") || old=
	rm -rf "${dir:?}/$name"
	mv "$1" "$dir/$name"
	ln -s "$name" "$cache/tmp/link"
	mv -T "$cache/tmp/link" "$2"
	[ -z "$old" ] || [ "$old" = "$name" ] || rm -rf "${dir:?}/$old"
}
