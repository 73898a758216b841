# Listens on the ports that Kubernetes and its pod network need and asks other hosts on theirs, for a few seconds. Ends by itself, however the connection
# does; leaves no file, no process, no rule. Binds none of Kubernetes' ports on a host that has Kubernetes: its own programs may be about to.
# Parameters:
#   plan             lines: "self INDEX ADDRESS", "token WORD" (of datagrams), "mark WORD" (what listeners of TCP say first), "times ASK_MS LISTEN_MS",
#                    "segment INDEX ADDRESS" of those that must be on the same one, "listen tcp|udp PORT [always]", "peer INDEX ADDRESS tcp:PORT|udp:PORT…", "fsync" on hosts that etcd's data is on
#   address          of the Node          etcd_dir   of etcd's data, when no manifest says it
# Answers:
#   perl             none: this host has none, and nothing was tried
#   mesh             "unknown", where perl can read no fine clock; or lines, the last one "end":
#     listen tcp|udp PORT own|busy|held|none     held: it was left alone, as this host has Kubernetes; none: the host has no such address
#     from INDEX PORT                            a datagram came from there
#     tcp INDEX PORT own|open|refused|silent|unreachable    own: the listener of this run; open: anything else
#     udp INDEX PORT open|silent|forbidden       forbidden: this host does not let it out
#     echo INDEX COUNT RTT_MIN RTT_MEDIAN OFFSET            ns; of their clock, by the sample with the least round trip
#     mtu INDEX BYTES                            the largest packet that arrived whole; 0: not known
#     fsync COUNT P50 P99 MAX                    us; "fsync 0 0 0 0": not known
#     times ASKED_MS LISTENED_MS
#   segments         lines "INDEX same|apart|unknown": this host finds it by ARP; by a gateway
#   iface mtu        of the address          firewall   firewalld | ufw | nft | iptables: what filters packets here; none
#   error hint       as every script
# shellcheck shell=sh disable=SC2154,SC2015
# shellcheck disable=SC2016 # of another language
kw_mesh=$(
	cat <<'PERL'
use strict;
use warnings;
use Socket;
use Fcntl;
use POSIX ();

# perl-base has no fine clock: clock_gettime and fdatasync by their numbers
my %numbers = (x86_64 => [228, 75], aarch64 => [113, 83], riscv64 => [113, 83], ppc64le => [246, 148], s390x => [260, 148]);
my $call = $numbers{ (POSIX::uname())[4] };
if (!$call || length(pack('p', '')) != 8) {
	print "unknown\n";
	exit 0;
}
sub clock_ns {
	my $buf = "\0" x 16;
	syscall($call->[0], $_[0], $buf);
	my ($s, $ns) = unpack('qq', $buf);
	return $s * 1000000000 + $ns;
}
sub now { return int(clock_ns(1) / 1000000) }

# ---- the plan
my ($self, $address, $token, $mark, $ask_ms, $listen_ms, $mtu, $held, $fsync_dir, @listen, @ask, %peer) = (0, '', '', '', 0, 0, 1500, 0, '');
while (my $line = <STDIN>) {
	my ($word, @f) = split ' ', $line;
	next if !defined $word;
	if ($word eq 'self') { ($self, $address) = @f }
	elsif ($word eq 'token') { $token = $f[0] }
	elsif ($word eq 'mark') { $mark = $f[0] }
	elsif ($word eq 'times') { ($ask_ms, $listen_ms) = ($f[0] + 0, $f[1] + 0) }
	elsif ($word eq 'mtu') { $mtu = $f[0] + 0 }
	elsif ($word eq 'held') { $held = 1 }
	elsif ($word eq 'fsync_dir') { $fsync_dir = $f[0] // '' }
	elsif ($word eq 'listen') { push @listen, { proto => $f[0], port => $f[1] + 0, always => $f[2] } }
	elsif ($word eq 'peer') {
		my ($j, $at) = splice @f, 0, 2;
		my $packed = inet_aton($at) or next;
		$peer{$j} = { at => $packed, rtt => [], best => undef };
		for my $port (@f) {
			push @ask, { j => $j, proto => $1, port => $2 + 0, next => 0, seq => 0, got => 0, result => 'silent' } if $port =~ /^(tcp|udp):(\d+)$/;
		}
	}
}
$mtu = 1500 if $mtu < 576;
$mtu = 65535 if $mtu > 65535;
alarm(int(($ask_ms + $listen_ms) / 1000) + 15);
$SIG{PIPE} = 'IGNORE';

# ---- etcd's disk, by a process of its own: records as etcd appends them to its log, whose room is allocated before. The file has no name as soon as it
# is open. It holds nothing of the connection: a disk that hangs keeps nobody waiting.
my ($disk, $disk_pid, $disk_said) = (undef, 0, '');
sub disk_asked {
	my ($dir) = @_;
	my $path = "$dir/.kubewright-mesh.$$";
	sysopen(my $f, $path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600) or return '0 0 0 0';
	unlink $path;
	my ($record, $most, @took) = ('w' x 2300, 500);
	for (1 .. $most) { (syswrite($f, $record) // 0) == 2300 or return '0 0 0 0' }
	syscall($call->[1], fileno($f)) == 0 or return '0 0 0 0';
	sysseek($f, 0, 0);
	my $until = now() + 2500;
	while (@took < $most && now() < $until) {
		my $at = clock_ns(1);
		(syswrite($f, $record) // 0) == 2300 && syscall($call->[1], fileno($f)) == 0 or return '0 0 0 0';
		push @took, int((clock_ns(1) - $at) / 1000);
	}
	@took = sort { $a <=> $b } @took;
	return join ' ', scalar @took, $took[@took / 2], $took[POSIX::ceil(@took * 0.99) - 1], $took[-1];
}
if ($fsync_dir ne '') {
	pipe($disk, my $write) or die "pipe: $!";
	$disk_pid = fork // die "fork: $!";
	if (!$disk_pid) {
		close $disk;
		close STDIN;
		close STDOUT;
		close STDERR;
		alarm 10;
		syswrite $write, disk_asked($fsync_dir) . "\n";
		POSIX::_exit(0);
	}
	close $write;
}

# ---- listeners
sub nonblocking { fcntl($_[0], F_SETFL, fcntl($_[0], F_GETFL, 0) | O_NONBLOCK); return $_[0] }
sub made {
	my ($proto, $port) = @_;
	socket(my $s, PF_INET, $proto eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM, 0) or die "socket: $!";
	setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) if $proto eq 'tcp' && $port;
	bind($s, pack_sockaddr_in($port, inet_aton($address))) or return undef;
	return nonblocking($s);
}
my (%server, %client, %from, %bye);
for my $l (@listen) {
	$l->{state} = 'held', next if $held && !$l->{always};
	my $s = made($l->{proto}, $l->{port});
	if (!$s) { $l->{state} = $! == POSIX::EADDRNOTAVAIL() ? 'none' : 'busy' }
	elsif ($l->{proto} eq 'tcp' && !listen($s, 512)) { $l->{state} = 'busy' }
	else {
		$l->{state} = 'own';
		$server{ fileno $s } = { %$l, s => $s };
	}
}
my $out = made('udp', 0);
# IP_MTU_DISCOVER, IP_PMTUDISC_PROBE: never in pieces, and whatever was heard of the path before
setsockopt($out, 0, 10, 3) if $out;

sub accepted {
	my ($l) = @_;
	while (accept(my $c, $l->{s})) {
		next if keys %client >= 1024;
		syswrite(nonblocking($c), "KW1 $mark $self $l->{port}\n");
		$client{ fileno $c } = { s => $c, until => now() + 2000 };
	}
}
# An answer is never longer than what it answers.
sub answered {
	my ($l) = @_;
	while (defined(my $from = recv($l->{s}, my $buf, 65536, 0))) {
		my $t2 = clock_ns(0);
		my ($port, $ip) = unpack_sockaddr_in($from);
		next if length($buf) < 128;
		my ($magic, $t, $kind, $j, $to, $seq, $t1) = split ' ', substr($buf, 0, 120);
		next if !defined $t1 || $magic ne 'KW1' || $t ne $token || !$peer{$j} || $peer{$j}{at} ne $ip || $t1 !~ /^\d{1,19}$/ || $seq !~ /^\d{1,9}$/;
		$from{"$j $l->{port}"} = 1;
		$bye{$j} = 1, next if $kind eq 'b';
		send($l->{s}, sprintf('%-128s', join(' ', 'KW1', $token, 'a', $self, $l->{port}, $seq, $t1, $t2, clock_ns(0), length $buf)), 0, $from);
	}
}

# ---- asking
my $begun = now();
my (%sock, %path);
sub tcp_step {
	my ($q, $at) = @_;
	if ($q->{s}) {
		tcp_closed($q, 1) if $q->{open} && $at >= $q->{open} + 700;
		return;
	}
	return if $at < $q->{next};
	$q->{next} = $at + 300;
	my $s = made('tcp', 0) or return;
	$q->{s} = $s;
	$sock{ fileno $s } = $q;
	return if connect($s, pack_sockaddr_in($q->{port}, $peer{ $q->{j} }{at})) || $! == POSIX::EINPROGRESS();
	tcp_failed($q, $!);
}
sub tcp_closed {
	my ($q, $done) = @_;
	delete $sock{ fileno $q->{s} };
	close delete $q->{s};
	delete $q->{open};
	$q->{done} = $done;
}
sub tcp_failed {
	my ($q, $why) = @_;
	$q->{result} = $why == POSIX::ECONNREFUSED() ? 'refused' : $why == POSIX::ETIMEDOUT() ? 'silent' : 'unreachable';
	tcp_closed($q, 0);
}
sub tcp_ready {
	my ($q) = @_;
	if (!$q->{open}) {
		my $why = unpack('i', getsockopt($q->{s}, SOL_SOCKET, SO_ERROR));
		return tcp_failed($q, $why) if $why;
		($q->{open}, $q->{result}, $q->{said}) = (now(), 'open', '');
		return;
	}
	my $n = sysread($q->{s}, $q->{said}, 128, length $q->{said});
	$q->{result} = 'own' if $q->{said} eq "KW1 $mark $q->{j} $q->{port}\n";
	tcp_closed($q, 1) if !$n || $q->{result} eq 'own' || length $q->{said} >= 128;
}
sub sent {
	my ($kind, $q, $size, $seq) = @_;
	my $head = join ' ', 'KW1', $token, $kind, $self, $q->{port}, $seq, clock_ns(0), '';
	my $fill = $size - length $head;
	return send($out, $head . ('x' x ($fill > 0 ? $fill : 0)), 0, pack_sockaddr_in($q->{port}, $peer{ $q->{j} }{at}));
}
sub udp_step {
	my ($q, $at) = @_;
	return if $at < $q->{next} || !$out;
	$q->{next} = $at + ($q->{got} ? 40 : 250);
	my $ok = sent('q', $q, 128, ++$q->{seq});
	$q->{result} = 'forbidden' if !defined $ok && $! == POSIX::EPERM() && !$q->{got};
}
# The answers to udp_step and path_step; those have sequences from 1000000 on.
sub heard {
	while (defined(my $from = recv($out, my $buf, 2048, 0))) {
		my $t4 = clock_ns(0);
		my ($port, $ip) = unpack_sockaddr_in($from);
		my ($magic, $t, $kind, $j, $to, $seq, $t1, $t2, $t3, $size) = split ' ', $buf;
		next if !defined $size || $magic ne 'KW1' || $t ne $token || $kind ne 'a' || !$peer{$j} || $peer{$j}{at} ne $ip || $to ne $port;
		next if grep { !/^\d{1,19}$/ } $seq, $t1, $t2, $t3, $size;
		if ($seq >= 1000000) {
			my $d = $path{$j} or next;
			$d->{arrived}{ $size + 28 } = 1;
			next;
		}
		my ($q) = grep { $_->{proto} eq 'udp' && $_->{j} eq $j && $_->{port} == $port } @ask;
		next if !$q || $q->{done};
		$q->{result} = 'open';
		$q->{done} = 1 if ++$q->{got} >= 5;
		$peer{$j}{by} //= $q;
		my $rtt = ($t4 - $t1) - ($t3 - $t2);
		# what another host says must not spoil what this one does: a clock is before 2096, and nothing takes a minute
		next if $t1 > $t4 || $t3 < $t2 || $t3 > 4000000000000000000 || $rtt < 0 || $rtt > 60000000000;
		my $p = $peer{$j};
		push @{ $p->{rtt} }, $rtt;
		@$p{qw(best offset)} = ($rtt, int((($t2 - $t1) + ($t3 - $t4)) / 2)) if !defined $p->{best} || $rtt < $p->{best};
		$path{$j} //= { by => $q, sizes => [$mtu], arrived => {}, lo => 0, hi => $mtu + 1, tries => 0, next => 0 };
	}
}
# How large a packet may be that still arrives: first the largest that the interface sends, then usual sizes, then by parts of what is left between.
sub path_step {
	my ($d, $at) = @_;
	my @left = grep { !$d->{arrived}{$_} } @{ $d->{sizes} };
	if ($d->{tries} && (!@left || ($d->{tries} >= 3 && $at >= $d->{next}))) {
		my $first = $d->{hi} > $mtu && !$d->{lo};
		for (@{ $d->{sizes} }) { $d->{lo} = $_ if $d->{arrived}{$_} && $_ > $d->{lo} }
		for (@left) { $d->{hi} = $_ if $_ > $d->{lo} && $_ < $d->{hi} }
		return $d->{done} = 1 if $d->{hi} - $d->{lo} <= 1 || (!$d->{lo} && !$first);
		my $step = ($d->{hi} - $d->{lo}) / 9;
		my %next = map { int($d->{lo} + $step * $_ + 0.5) => 1 } 1 .. 8;
		%next = map { $_ => 1 } 9000, 8950, 4000, 1500, 1492, 1480, 1450, 1420, 1400, 1300, 1000, 576 if $first;
		$d->{sizes} = [ grep { $_ > $d->{lo} && $_ < $d->{hi} } sort { $a <=> $b } keys %next ];
		return $d->{done} = 1 if !@{ $d->{sizes} };
		($d->{tries}, $d->{next}, @left) = (0, 0, @{ $d->{sizes} });
	}
	return if $at < $d->{next};
	$d->{tries}++;
	$d->{next} = $at + 200;
	sent('m', $d->{by}, $_ - 28, 1000000) for @left;
}

# ---- the loop
sub waited {
	my ($ms) = @_;
	my ($r, $w) = ('', '');
	vec($r, $_, 1) = 1 for keys %server, keys %client;
	vec($r, fileno $out, 1) = 1 if $out;
	vec($r, fileno $disk, 1) = 1 if $disk;
	for (keys %sock) { vec($sock{$_}{open} ? $r : $w, $_, 1) = 1 }
	return if select($r, $w, undef, $ms / 1000) <= 0;
	heard() if $out && vec($r, fileno $out, 1);
	for (keys %server) {
		next if !vec($r, $_, 1);
		if ($server{$_}{proto} eq 'tcp') { accepted($server{$_}) } else { answered($server{$_}) }
	}
	for (keys %sock) { tcp_ready($sock{$_}) if $sock{$_} && vec($sock{$_}{open} ? $r : $w, $_, 1) }
	for (keys %client) { delete $client{$_} if vec($r, $_, 1) && !sysread($client{$_}{s}, my $more, 256) }
	if ($disk && vec($r, fileno $disk, 1)) {
		my $n = sysread($disk, $disk_said, 100, length $disk_said);
		undef $disk if !$n;
	}
}
my ($byes, $bye_next, $asked_ms) = (0, 0, undef);
while (1) {
	my $at = now();
	my $past = $at - $begun;
	for (keys %client) { delete $client{$_} if $at >= $client{$_}{until} }
	if (!defined $asked_ms) {
		my @todo = grep { !$_->{done} } @ask;
		my @paths = grep { !$_->{done} } values %path;
		for (@todo) { if ($_->{proto} eq 'tcp') { tcp_step($_, $at) } else { udp_step($_, $at) } }
		path_step($_, $at) for @paths;
		$asked_ms = $past if $past >= $ask_ms || (!@todo && !@paths);
	}
	elsif ($byes < 4 && $at >= $bye_next) {
		# whom nobody asks any more need not listen to the end
		($byes, $bye_next) = ($byes + 1, $at + 50);
		for (keys %peer) { sent('b', $peer{$_}{by}, 128, 0) if $peer{$_}{by} }
	}
	last if $past >= $listen_ms;
	last if defined $asked_ms && $byes >= 4 && !grep({ !$bye{$_} } keys %peer) && (!$disk || $past >= 4000);
	waited(10);
}
my $listened = now() - $begun;
kill 'KILL', $disk_pid if $disk_pid && $disk;
waitpid($disk_pid, $disk ? POSIX::WNOHANG() : 0) if $disk_pid;

# ---- the answer
print "listen $_->{proto} $_->{port} $_->{state}\n" for @listen;
print "from $_\n" for sort keys %from;
print "$_->{proto} $_->{j} $_->{port} $_->{result}\n" for @ask;
for my $j (sort keys %peer) {
	my $p = $peer{$j};
	my @rtt = sort { $a <=> $b } @{ $p->{rtt} } or next;
	printf "echo %d %d %d %d %d\n", $j, scalar @rtt, $rtt[0], $rtt[ @rtt / 2 ], $p->{offset};
	printf "mtu %d %d\n", $j, $path{$j}{done} ? $path{$j}{lo} : 0 if $path{$j};
}
printf "fsync %s\n", $disk_said =~ /^(\d+ \d+ \d+ \d+)$/m ? $1 : '0 0 0 0' if $fsync_dir ne '';
printf "times %d %d\nend\n", $asked_ms // $ask_ms, $listened;
PERL
)

# An installation that is under way starts what listens on these ports.
lock_is_others() {
	kw_holder=$(sed -n 's/^run=//p' "$kw_state/lock" 2>/dev/null) || kw_holder=
	[ -n "$kw_holder" ] && [ "$kw_holder" != "$run" ] && [ -n "$(find "$kw_state/lock" -mmin -15 2>/dev/null)" ]
}

has_kubernetes() { [ -e /etc/kubernetes/kubelet.conf ] || [ -n "$(ls /etc/kubernetes/manifests 2>/dev/null)" ]; }

# Where etcd's data is or will be: the folder, or the first one above that there is.
etcd_folder() {
	kw_dir=$(sed -n 's/^ *- --data-dir=//p' /etc/kubernetes/manifests/etcd.yaml 2>/dev/null | head -n 1)
	[ -n "$kw_dir" ] || kw_dir=$etcd_dir
	case $kw_dir in /*[!A-Za-z0-9/._-]* | [!/]* | '') kw_dir=/var/lib/etcd ;; esac
	while [ ! -d "$kw_dir" ]; do kw_dir=$(dirname "$kw_dir"); done
	printf '%s' "$kw_dir"
}

filter_name() {
	if systemctl is-active --quiet firewalld 2>/dev/null; then
		echo firewalld
	elif grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then
		echo ufw
	elif has nft && timeout 2 nft -s list chains 2>/dev/null | grep -q ' hook \(input\|output\) '; then
		echo nft
	elif has iptables && timeout 2 iptables -S 2>/dev/null | grep -qE '^-P (INPUT|OUTPUT) DROP|-j (DROP|REJECT)'; then
		echo iptables
	else
		echo none
	fi
}

# After they were asked: who is on a segment of this host has answered ARP.
segments() {
	printf '%s\n' "$plan" | while read -r kw_word kw_index kw_at; do
		[ "$kw_word" = segment ] || continue
		case $(ip -4 -o route get "$kw_at" 2>/dev/null) in
		*' via '*) echo "$kw_index apart" ;;
		*) if ip -4 neigh show to "$kw_at" 2>/dev/null | grep -q ' lladdr '; then echo "$kw_index same"; else echo "$kw_index unknown"; fi ;;
		esac
	done
}

main() {
	! lock_is_others || fail "another run of kubewright works on this host: $kw_holder" "wait for its end, or see 'kubewright unlock'"
	has perl || {
		say perl none
		return 0
	}
	kw_if=$(ip -o -4 addr show to "$address/32" 2>/dev/null | awk '{ print $2; exit }')
	kw_mtu=
	[ -z "$kw_if" ] || first "/sys/class/net/${kw_if%%@*}/mtu"
	[ -z "$kw_if" ] || kw_mtu=$kw_line
	kw_filter=$(filter_name)
	{
		printf '%s\n' "$plan"
		[ -z "$kw_mtu" ] || printf 'mtu %s\n' "$kw_mtu"
		! has_kubernetes || echo held
		case $plan in *'
fsync'*) printf 'fsync_dir %s\n' "$(etcd_folder)" ;; esac
	} | timeout -k 5 60 perl -e "$kw_mesh" 3>&- | say64 mesh
	segments | say64 segments
	say iface "${kw_if%%@*}"
	say mtu "$kw_mtu"
	say firewall "$kw_filter"
}
main </dev/null
