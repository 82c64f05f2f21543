<?php
// Reads a complaint with the mailparse extension, and prints what it read as one line of JSON.
// It asks for what software of abuse desks asks for: a text, a report of type abuse with address and date, and the mail.

// Mail comes to such software through a local pipe, with LF.
$octets = str_replace("\r\n", "\n", file_get_contents($argv[1]));
$mail = mailparse_msg_create();
mailparse_msg_parse($mail, $octets);

$bodies = [];
foreach (mailparse_msg_get_structure($mail) as $place) {
    if (substr_count($place, '.') !== 1) {
        continue; // the mail itself, and what lies inside the evidence
    }
    $part = mailparse_msg_get_part_data(mailparse_msg_get_part($mail, $place));
    $from = $part['starting-pos-body'];
    $bodies[$part['content-type']] ??= substr($octets, $from, $part['ending-pos-body'] - $from);
}

$said = ['faults' => []];
foreach (['text/plain', 'message/feedback-report', 'message/rfc822'] as $type) {
    if (trim($bodies[$type] ?? '') === '') {
        $said['faults'][] = "it sees no $type";
    }
}
preg_match_all('/^([\w-]+): (.*?) *$/m', $bodies['message/feedback-report'] ?? '', $lines, PREG_SET_ORDER);
$fields = array_column($lines, 2, 1);
if (($fields['Feedback-Type'] ?? '') !== 'abuse') {
    $said['faults'][] = 'the type is not abuse';
}
if (!isset($fields['Source-IP'])) {
    $said['faults'][] = 'there is no Source-IP';
}
if (strtotime($fields['Arrival-Date'] ?? '') === false) {
    $said['faults'][] = 'there is no date that it reads';
}
$said['type'] = $fields['Feedback-Type'] ?? null;
$said['address'] = $fields['Source-IP'] ?? null;
$said['date'] = $fields['Arrival-Date'] ?? null;
$said['evidence'] = isset($bodies['message/rfc822']) ? hash('sha256', rtrim($bodies['message/rfc822'])) : null;
echo json_encode($said), "\n";
