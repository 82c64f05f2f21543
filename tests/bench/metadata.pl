#!/usr/bin/perl
# Reads each message of a mailbox as SpamAssassin does before it applies any rule: parsed, Received fields judged.
# Used by trace.py where SpamAssassin is installed; no network, no rules.
use strict;
use warnings;
use Mail::SpamAssassin;

my $reader = Mail::SpamAssassin->new({
    dont_copy_prefs => 1,
    local_tests_only => 1,
    config_text => "trusted_networks 192.0.2.0/24\n",
});
$reader->init(0);
local $/ = "\n\nFrom ";
open my $mailbox, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
while (my $octets = <$mailbox>) {
    chomp $octets;
    $octets =~ s/\A[^\n]*\n//;
    my $message = $reader->parse($octets, 0);
    my $status = Mail::SpamAssassin::PerMsgStatus->new($reader, $message);
    $status->extract_message_metadata();
    $status->finish();
    $message->finish();
}
