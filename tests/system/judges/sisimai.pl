# Reads a complaint with Sisimai, and prints what it read as one line of JSON.
use strict;
use warnings;
use JSON::PP;
use Sisimai;

my ($path) = @ARGV;
my $found  = Sisimai->make($path);
my %said   = ( faults => [] );
if ( !$found || !@$found ) {
    push @{ $said{faults} }, 'it sees no feedback report';
}
else {
    my $report = $found->[0];
    push @{ $said{faults} }, 'it reads a ' . $report->reason if $report->reason ne 'feedback';
    $said{type}    = $report->feedbacktype;
    $said{address} = $report->rhost;
    $said{date}    = int $report->timestamp->epoch;
}
print JSON::PP->new->canonical->encode( \%said ), "\n";
