#!/usr/bin/env perl
# Copies mpirun's standard error, as it comes, without the blocks between rules of dashes that repeat what lockstep has
# said, and says in one line what those about a lost machine mean. Progress has partial lines: only what may be the
# beginning of a block waits. For scripts/launch; the argument is its file `told`.
use strict;
use warnings;

my ($told) = @ARGV;
my ($buffer, $opening, $spoken, $last, $closed) = ("", "", 0, "\n");
# The terminal may go away, and the others may stop: what the ranks say is read to its end.
$SIG{$_} = "IGNORE" for qw(INT QUIT TERM HUP USR1 PIPE TTOU TSTP);
sub emit {
  my ($text) = @_;
  $spoken ||= $text =~ /lockstep: /;
  $closed = $1 if $text =~ /^Connection to (\S+) closed by remote host/m;
  $last = substr $text, -1 if length $text;
  while (length $text) {
    my $count = syswrite STDERR, $text;
    if (defined $count) { substr($text, 0, $count) = "" }
    elsif ($!{EAGAIN}) { select undef, undef, undef, 0.01 }
    elsif (!$!{EINTR}) { return }
  }
}
sub note { if (open my $file, ">>", $told) { print $file "$_[0]\n" } }
# A machine that is gone, by name where it is known, with the ranks that `placed` says it had.
sub lose {
  my ($host) = @_;
  open my $lost, ">", $told =~ s/told$/lost/r;
  return 0 unless defined $host;
  my $ranks = "";
  if (open my $file, "<", $told =~ s/told$/placed/r) { /^\Q$host\E (.*)/ and $ranks = " with $1" while <$file> }
  emit(($last eq "\n" ? "" : "\n") . "lockstep: $host$ranks is lost: it is down, or nothing passes between it and "
    . "this machine. Go on with --resume on the machines that are left\n");
  return 1;
}
# Whether a block says what is known. Statuses that are not Lockstep's are told.
sub is_known {
  my ($block) = @_;
  if ($block =~ /^MPI_ABORT was invoked.*errorcode (\d+)/s
    || $block =~ /non-zero status,\s+thus causing.*Exit code: +(\d+)/s) {
    note($1);
    return $1 == 75 || $spoken && $1 =~ /^(1|64|65)$/;
  }
  note(128 + $1) if $block =~ /exited on signal (\d+)/;
  return lose($1) if $block =~ /lost communication with a remote daemon.*Remote daemon: .* on node (\S+)/s;
  return lose($closed) if $block =~ /unable to reliably start one or more daemons/;
  return $block =~ /^Primary job +terminated normally, but/;
}
sub pass {
  my ($ended) = @_;
  while (1) {
    if ($opening eq "") {
      $buffer =~ s/^mpirun: Forwarding signal \d+ to job\n//m;
      # MPI_ABORT counted once more for each further rank
      $buffer =~ s/^\[[^\]\n]+\] \d+ more process\S* ha\S+ sent help message help-mpi-api\.txt \/ mpi-abort\n//m;
      if ($buffer =~ /-{70,}\n/) {
        emit(substr $buffer, 0, $-[0]);
        ($opening, $buffer) = ($&, substr $buffer, $+[0]);
        next;
      }
      my $held = !$ended && $buffer =~ /-{20,}\z/ ? length $& : 0;
      emit(substr $buffer, 0, length($buffer) - $held);
      $buffer = $held ? substr $buffer, -$held : "";
    } elsif ($buffer =~ /-{70,}\n/) {
      my ($block, $closing) = (substr($buffer, 0, $-[0]), $&);
      $buffer = substr $buffer, $+[0];
      emit(($last eq "\n" ? "" : "\n") . $opening . $block . $closing) unless is_known($block);
      $opening = "";
      next;
    } elsif ($ended || length $buffer > 8192) {
      emit($opening . $buffer);
      ($opening, $buffer) = ("", "");
    }
    return;
  }
}
while (1) {
  my $count = sysread STDIN, $buffer, 65536, length $buffer;
  if (defined $count ? $count == 0 : !$!{EINTR}) { last }
  pass(0);
}
pass(1);
