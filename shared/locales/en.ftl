# What pages and emails say, in English. Every other language is a file beside this one with the same messages and the
# same variables; the build fails where one is missing. The syntax is Fluent's: https://projectfluent.org/fluent/guide
#
# $pipeline, $stage: their names, Latin letters. $who, $name: a person, an address or what AWS calls somebody, in any
# script. $moment, $until: `moment`. $span: a span of time as in `days`. $in: one as in `in-days`.

## Moments and spans of time

moment = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }, { $time } UTC

# "7 days", as in "waits 7 days" and "7 days left"
days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

# "in 7 days", from now
in-days = { $count ->
    [one] in { $count } day
   *[other] in { $count } days
}
in-hours = { $count ->
    [one] in { $count } hour
   *[other] in { $count } hours
}
in-minutes = { $count ->
    [one] in { $count } minute
   *[other] in { $count } minutes
}

## What an approval is called by: labels in front of values

pipeline = Pipeline
stage = Stage
action = Action
account = Account
region = Region
execution = Execution
started-by = Started by
what-changes = What changes
instructions = Instructions for the reviewer
please-review = Please review
votes = Votes
decided-by = Decided by

## The headline of the page that a link opens, and of the email that asks

release-question = Release { $pipeline } to { $stage }?
stop-question = Stop { $pipeline } before { $stage }?
# A reminder's
release-reminder = { $span } left: Release { $pipeline } to { $stage }?

## How many decide

only-you = Only you were asked.
people-asked = { $asked ->
    [one] { $asked } person was asked.
   *[other] { $asked } people were asked.
}
# A quorum of one
one-approval = One approval is enough; one rejection rejects.
# A larger one
approvals-needed = { $needed } must approve; one rejection rejects.
# Votes given, out of the quorum
approvals-so-far = { $given } of { $needed } approvals are there.
nobody-voted = Nobody has voted yet.
# What a vote says; see `vote`
approved = Approved
rejected = Rejected
# One vote in a list. $decision: `approved` or `rejected`
vote = { $who }: { $decision }, { $moment }
# Between two sentences
between-sentences = {" "}
# Between the names in a list of people
name-separator = {", "}
# Whoever started the execution may not approve it
may-not-approve = { $name } started this execution and may not approve it.

## The page that a link opens

if-you-approve = If you approve, the pipeline goes on at once.
if-you-approve-of-several = If you approve, your vote is counted; the pipeline goes on when enough have approved.
if-you-reject = If you reject, the stage fails and the pipeline stops here.
decide-until = You can decide until { $until } ({ $in }).
you-approved-before = You voted to approve before. Pressing the button replaces that vote.
you-rejected-before = You voted to reject before. Pressing the button replaces that vote.
comment-optional = Comment (optional, kept with the decision)
comment-required = Comment (required, kept with the decision)
you-decide-as = You decide as { $who }.
approve-button = Approve this release
reject-button = Reject this release

# The title of the page whose form comes back. $title: its title before
problem-title = Error: { $title }
# What was wrong with the form
comment-too-long = The comment is longer than { $most } characters. Please shorten it; nothing was decided yet.
comment-missing = A rejection needs a comment: please say why. Nothing was decided yet.
button-not-pressed = Nothing was decided: please press the button.

## A vote was counted and more are needed

recorded-title = Your vote is recorded
recorded = You voted to approve. More votes can come until { $until } ({ $in }).
recorded-change = You may change your vote until then: open the other link of your email.

## How an approval ended: pages, and the email that tells it

was-approved = { $pipeline } was approved
was-rejected = { $pipeline } was rejected
was-already-approved = { $pipeline } was already approved
was-already-rejected = { $pipeline } was already rejected
was-not-decided = { $pipeline } was not decided in time
was-superseded = The approval of { $pipeline } was superseded
was-stopped = { $pipeline } was stopped

# $names: one or more people
approved-by = It was approved by { $names } on { $moment }.
rejected-by = It was rejected by { $names } on { $moment }.
approved-in-aws-by = It was approved in AWS by { $name } on { $moment }.
rejected-in-aws-by = It was rejected in AWS by { $name } on { $moment }.
approved-in-aws = It was approved in AWS on { $moment }.
rejected-in-aws = It was rejected in AWS on { $moment }.
nobody-answered = Nobody answered until { $moment }.
too-few-approved = Too few approved until { $moment }.
superseded-at = A newer execution took over, or the pipeline was changed, on { $moment }.
stopped-at = The execution was stopped on { $moment }.

pipeline-goes-on = The pipeline goes on.
stage-failed = The stage failed, and the pipeline stopped here.
not-released = This execution will not be released.

link-is-spent = Nothing can be decided with this link any more.
nothing-left = Nothing is left to do.
earlier-links = The links of the earlier email show this too.

## Pages that say why nothing can be done here, and what can: -title, what happened, -next

bad-link-title = This link does not work
bad-link = It may have been cut off or changed on its way. Nothing was decided.
bad-link-next = Open the link from the email once more, or copy it whole into the address bar. If that does not help, ask whoever runs the pipeline to send the request again.

bad-form-title = Nothing was decided
bad-form = The form did not arrive as this page sends it.
bad-form-next = Open the link from the email once more and press the button on its page.

try-again-title = Please try again in a moment
try-again = AWS did not answer in time. Your decision may have been recorded already; nothing is lost.
try-again-next = Open the link from the email again in a minute. Pressing the button again does no harm.

broken-title = This could not be carried out
broken = Something is wrong with how these approvals are set up, and the reason is in the log. Your decision may have been recorded already; nothing is lost.
broken-next = Tell whoever runs the pipeline. When it has been put right, open the link from the email again.

not-found-title = There is no such page
not-found = Links to approvals stand in the emails that ask for them.
not-found-next = Open the link from the email once more, or copy it whole into the address bar.

not-allowed-title = This cannot be done here
not-allowed = An approval’s page can be opened, and its form can be sent.
not-allowed-next = Open the link from the email in a browser.

forgotten-title = This approval is no longer known
forgotten = It is over, or its record was removed. This visit decided nothing.
forgotten-next = Look at the pipeline in AWS CodePipeline, or ask whoever runs it to send the request again.

initiator-title = You started this execution
initiator = Whoever starts it may not approve it, so your approval does not count. Nothing was decided.
initiator-next = The others who were asked can approve it. If it should not be released, open the Reject link of your email.

expired-title = The time to decide is over
# The approval has failed
expired = It was not decided in time, so the stage failed, and this link has expired with it.
# That is not known
expired-link = This link has expired. Nothing can be decided with it any more.
expired-next = If the release is still wanted, retry the stage in AWS CodePipeline or start the pipeline again: you will be asked by a new email.
# The pipeline waits longer than its links work
expired-link-next = The pipeline may still wait: somebody with access to AWS can decide there. Otherwise retry the stage in AWS CodePipeline or start the pipeline again: you will be asked by a new email.

stopped-title = The pipeline was stopped
stopped = Somebody stopped this execution while it waited. Nothing is left to decide.
stopped-next = If the release is still wanted, start the pipeline again: you will be asked by a new email.

superseded-title = This approval was superseded
superseded = A newer execution took over, or the pipeline was changed. This one will not be released.
superseded-next = If a newer execution waits for a decision, a newer email about this pipeline asks for it.

## Emails

# $stage and $action as they are called in CodePipeline. The subject stays the same for all emails about one approval.
subject = Approval needed: { $pipeline } / { $stage } / { $action }

waits = AWS CodePipeline waits { $span } for a decision, until { $until }.
# The links work for less long than CodePipeline waits
waits-links = AWS CodePipeline waits for a decision. It can be decided by email for { $span }, until { $until }.
still-waits = This is a reminder: AWS CodePipeline still waits for a decision, until { $until }.
still-waits-links = This is a reminder: AWS CodePipeline still waits for a decision. It can be decided by email until { $until }.
after-the-links = When the time is over, the links stop working. { $pipeline } itself waits in AWS until { $until }.

your-approval-would-not-count = You started this execution, so your approval would not count. You may reject.
rejection-needs-comment = A rejection needs a comment.
more-changes = { $count ->
    [one] And { $count } more change, which the pages behind the links show.
   *[other] And { $count } more changes, which the pages behind the links show.
}

approve = Approve
reject = Reject
if-a-button-fails = If a button does not work, copy its link into a browser.
nothing-before-the-button = Each link opens a page that shows the request once more. Nothing is decided before you press the button there.
do-not-forward = The links are made for { $who }. Whoever has them can decide in that name: do not forward this email.
for-your-information = You get this for your information. You are not asked to decide.
