# Reads a complaint with MIME-tools, and prints what it read as one line of JSON.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use JSON::PP;
use MIME::Parser;

my ($path) = @ARGV;
my $parser = MIME::Parser->new;
$parser->output_to_core(1);
# The evidence is wanted as it stands, not taken apart.
$parser->extract_nested_messages(0);
$parser->extract_uuencode(0);

my $mail = eval { $parser->parse_open($path) };
my %said = ( faults => [ $mail ? $parser->results->errors : "it cannot be parsed: $@" ] );
for my $part ( $mail ? $mail->parts : () ) {
    my $body = $part->bodyhandle ? $part->bodyhandle->as_string : $part->body_as_string;
    if ( $part->effective_type eq 'message/feedback-report' ) {
        my %field = map { /^([\w-]+):\s*(.*?)\s*$/ ? ( lc $1, $2 ) : () } split /\r?\n/, $body;
        @said{qw(type address date)} = @field{qw(feedback-type source-ip arrival-date)};
    }
    elsif ( $part->effective_type eq 'message/rfc822' ) {
        $body =~ s/\r\n/\n/g;
        $body =~ s/\s+\z//;
        $said{evidence} = sha256_hex($body);
    }
}
print JSON::PP->new->canonical->encode( \%said ), "\n";
