# What a node does, for any POSIX sh. It is read from standard input, and followed there by lines
# that set its variables:
#
#   verb home id void grace sudo keep size path limit
#
# A command's directory, $d, holds
#
#   alive      a fifo that is held open by what watches the command, so that others can wait for its end
#   in         standard input, removed when it has been opened
#   out err    what is kept of the output: keep bytes of each; cut, if more was dropped
#   pid        the command's process, which leads a group, and its parent
#   stop       if it is to be stopped: then it does not begin any more
#   status     the exit status and the signal, put there when all is over
mask=$(umask)
umask 077
case $home in /*) ;; *) home=$HOME/$home ;; esac
d=$home/$id

say() { printf '@@orchestrator %s\n' "$*"; }

run() {
	IFS= read -r command || exit 1
	command=$(printf %b "$command")
	for program in setsid timeout mkfifo head; do
		command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
	done
	mkdir -p "$home" || exit 1
	find "$home"/../*/*/status -prune -mtime +7 2>/dev/null | while read -r old; do rm -rf "${old%/status}"; done
	mkdir "$d" || { [ ! -d "$d" ] || say used; exit 0; }
	mkfifo "$d/alive" || exit 1
	exec 7<>"$d/alive" 8<"$d/alive"
	if [ "$size" != 0 ]; then
		head -c "$size" >"$d/in"
		[ "$(($(wc -c <"$d/in")))" = "$size" ] || { rm -rf "$d"; exit 1; }
	fi
	(
		exec >/dev/null 2>&1 8<&-
		watch
	) &
	exec 7>&-
	await
}

watch() {
	echo "$keep" >"$d/keep"
	mkfifo "$d/out.fifo" "$d/err.fifo" "$d/drained" || return
	exec 6<>"$d/drained" 5<"$d/drained"
	drain out &
	drain err &
	exec 6>&- 3>"$d/out.fifo" 4>"$d/err.fifo"
	in=/dev/null
	[ "$size" = 0 ] || in=$d/in
	# A shell says it when a signal has ended what it waited for, in words, and only then.
	[ -z "$BASH_VERSION" ] || set +o posix
	exec 2>"$d/said" 9<"$in"
	rm -f "$d/in"
	setsid=$(command -v setsid)
	(
		eval "$command"
		exec "$setsid" /bin/sh -c 'echo "$$ $PPID" >"$1/pid"
			[ ! -e "$1/stop" ] || exit 143
			umask "$2"
			shift 2
			exec "$@"' orchestrator "$d" "$mask" "$@"
	) <&9 9<&- >&3 3>&- 2>&4 4>&- 5<&- 7>&-
	status=$?
	exec 3>&- 4>&- 9<&-
	# What the command has left in the background may hold its output open for ever.
	timeout 2 cat <&5 >/dev/null
	signal=-
	[ "$status" -le 128 ] || [ ! -s "$d/said" ] || signal=$(kill -l $((status - 128)))
	echo "$status $signal" >"$d/status.new"
	mv "$d/status.new" "$d/status"
}

# drain keeps the first bytes, as they come, and takes the others too. The limit of a file's size
# counts blocks of 512 bytes or more, so the file may become a little larger than what is wanted.
drain() {
	exec <"$d/$1.fifo" 5<&- 7>&-
	trap '' XFSZ
	ulimit -f $((keep / 512 + 1))
	cat >"$d/$1" || : >"$d/cut"
	cat >/dev/null
}

attach() {
	seek
	exec 7<>"$d/alive" 8<"$d/alive" 7>&-
	await
}

# seek ends here if the node knows of no command; with void set it never will begin one.
seek() {
	[ -z "$void" ] || { mkdir -p "$home" && mkdir "$d" 2>/dev/null && echo none - >"$d/status"; }
	[ -p "$d/alive" ] || [ -e "$d/status" ] || [ ! -d "$d" ] || sleep 1
	[ -p "$d/alive" ] || { say none; exit 0; }
}

await() {
	read -r nothing <&8
	[ -s "$d/status" ] || [ ! -s "$d/pid" ] || echo lost - >"$d/status"
	[ -s "$d/status" ] || { say none; return; }
	read -r status signal <"$d/status"
	case $status in lost | none) say "$status"; return ;; esac
	read -r keep <"$d/keep"
	out=$(($(wc -c <"$d/out"))) err=$(($(wc -c <"$d/err"))) cut=whole
	[ ! -e "$d/cut" ] || cut=cut
	[ "$out" -le "$keep" ] || out=$keep cut=cut
	[ "$err" -le "$keep" ] || err=$keep cut=cut
	say exit "$status" "$signal" "$out" "$err" "$cut" "${how:-alone}"
	head -c "$out" "$d/out" && head -c "$err" "$d/err"
}

stop() {
	seek
	: >"$d/stop"
	if [ ! -e "$d/status" ] && read -r pid parent 2>/dev/null <"$d/pid"; then
		for program in ps awk; do
			command -v "$program" >/dev/null || { signal TERM "-$pid"; say left "$program is not installed there"; exit 0; }
		done
		# After a restart of the node the same number may be another process.
		if [ "$(ps -o ppid= -p "$pid" | tr -d ' ')" = "$parent" ]; then
			how=ended
			end TERM "$grace" || end KILL 2 || { say left "these processes are still there:" $all; exit 0; }
		fi
	fi
	exec 7<>"$d/alive" 8<"$d/alive" 7>&-
	await
}

# end sends a signal to all that belongs to the command, and to what it starts yet.
end() {
	known=${known:-$pid} told= until=$(($(date +%s) + $2))
	while all=$(living) && [ -n "$all" ]; do
		known="$known $all"
		for p in $all; do
			case " $told " in *" $p "*) continue ;; esac
			told="$told $p"
			signal "$1" "$p"
		done
		[ "$(date +%s)" -lt "$until" ] || return 1
		sleep 0.1 2>/dev/null || sleep 1
	done
}

# living prints the processes that are known, descend from those, or are in a group of theirs.
living() {
	ps -A -o pid= -o ppid= -o pgid= -o stat= | awk -v known="$known" '
		$4 !~ /^Z/ { pid[++n] = $1; parent[n] = $2; group[n] = $3 }
		END {
			for (i = split(known, k, " "); i > 0; i--) ours[k[i]] = 1
			do {
				more = 0
				for (i = 1; i <= n; i++)
					if (!(pid[i] in ours) && (parent[i] in ours || group[i] in ours)) more = ours[pid[i]] = 1
			} while (more)
			for (i = 1; i <= n; i++) if (pid[i] in ours) printf "%s ", pid[i]
		}'
}

signal() {
	kill -s "$1" -- "$2" 2>/dev/null || [ -z "$sudo" ] || $sudo kill -s "$1" -- "$2" 2>/dev/null
}

forget() { rm -rf "$d"; say done; }

put() {
	case $path in */*) mkdir -p "${path%/*}" || exit 1 ;; esac
	[ ! -d "$path" ] || { echo "it is a directory" >&2; exit 1; }
	new=$path.$$.new
	if head -c "$size" >"$new" && [ "$(($(wc -c <"$new")))" = "$size" ] && mv -f "$new" "$path"; then
		say done
	else
		rm -f "$new"
		exit 1
	fi
}

get() {
	LC_ALL=C
	export LC_ALL
	as=
	[ -r "$path" ] || as=$sudo
	told=$($as stat -L -c '%.9Y %F' "$path" 2>&1)
	case $told in
	[0-9]*' regular '*) ;;
	*'No such file or directory'* | *'Not a directory'*) say missing; exit 0 ;;
	[0-9]*) echo "it is not a file but a ${told#* }" >&2; exit 1 ;;
	*) echo "$told" >&2; exit 1 ;;
	esac
	say file "${told%% *}"
	$as head -c "$limit" "$path"
}

remove() {
	if [ -n "$sudo" ]; then
		rm -rf "$path" 2>/dev/null || $sudo rm -rf "$path" || exit 1
	else
		rm -rf "$path" || exit 1
	fi
	say done
}

"$verb"
