# The texts of pages and emails, in English. Every other language has a file beside this one with the same messages and the
# same variables; the build fails where one is missing. The syntax is Fluent's: https://projectfluent.org/fluent/guide
#
# Readers are on a phone and may never have heard of AWS. They approve or reject a "release": what CodePipeline calls a
# pipeline execution.
#
# $pipeline, $stage: their names, in Latin letters. $who, $name: a person, an address or the name of an AWS user or role,
# in any script. $moment, $until: a `moment` or `both-times`. $span: a span of time, as in `days`. $in: one from now on, as
# in `in-days`.

## Moments and spans of time

# In a date. $number: 1 to 12
month = { $number ->
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
}
# $month: a `month`
moment = { $day } { $month } { $year }, { $time } UTC
# The same in a time zone. $place: its city or island, by its English name and in Latin letters, such as `New York`
local-moment = { $day } { $month } { $year }, { $time } { $place } time
# Then in UTC: on the same day, or else
utc-time = { $time } UTC
utc-day-and-time = { $day } { $month }, { $time } UTC
# Both. $local: a `local-moment`. $utc: a `utc-time` or a `utc-day-and-time`
both-times = { $local } ({ $utc })
# What follows a `local-moment` in brackets where $in does
utc-and-in = { $utc }, { $in }
# The day alone, in the zone
day = { $day } { $month } { $year }

# "7 days", as in "within 7 days" and "7 days left"
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

## Labels for the details of a release

pipeline = Pipeline
stage = Stage
action = Action
account = AWS account
region = Region
execution = Execution
started-by = Started by
what-changes = What changes
# The same of a rollback
what-is-put-back = What is put back
instructions = Instructions for approvers
please-review = Please review
votes = Votes
# Folded: names and ids in AWS, and the console’s page. $host: such as us-east-1.console.aws.amazon.com
technical-details = Technical details
open-in-console = Open in the AWS console: { $host }
# The id of a change, such as a commit; and where a pipeline has several sources
revision = Revision
revision-of = Revision of { $source }

## What others wrote

# Above what somebody else wrote, which stands in a box of its own. The author wrote the commit message
written-by-author = Written by the author of the change
# Above the description of a change. $repository: such as acme/payments-api
change-in-branch = Change in { $repository }, branch { $branch }, described by its author
change-in-repository = Change in { $repository }, described by its author
# Where a release may be of another branch, or of an image with another tag
usual-branch = This pipeline usually takes the branch { $branch }.
# A file in Amazon S3, and a container image
version-of-file = A version of the file { $key } in { $bucket }
version-of-image = A version of the container image { $image }
usual-tag = This pipeline usually takes the image tagged { $tag }.
# Where a pipeline has several sources, before the above
source = Source { $source }
# Links to pages about a change
see-change = See this change on { $host }
compare-with-last = Compare with the last release on { $host }
# Where there is no such link
only-in-aws = Links to this change work only with access to AWS.
change-unread = AWS did not say what changes.
# Above values that a release runs with, one to a line, such as: image = payments:1.9
variables = Settings of this release, given by whoever started it or by the pipeline’s owner
# Whoever configured the pipeline's approval action wrote its instructions
written-by-owner = Written by the pipeline’s owner
comment-by = Comment by { $who }
# Above the visitor’s own comment, where it is given back to them
written-by-you = Written by you
# A decision's summary, as CodePipeline has it
from-codepipeline = From AWS CodePipeline
# Below a text that is not shown to its end
more-lines = { $count ->
    [one] … and { $count } more line
   *[other] … and { $count } more lines
}
more-characters = { $count ->
    [one] … and { $count } more character
   *[other] … and { $count } more characters
}
# Above a link that somebody else wrote. $host: such as github.com
link-to = Link to { $host }
# Above an address such as https://github.com@evil.example, which is shown and cannot be followed
link-hides-host = Not a link, because it hides that it leads to { $host }
# Above a text that was given where a link belongs
not-a-link = Not a link, because it is not a web address

## Headlines of the page that a link opens, and of the email that asks for a decision

release-question = Release { $pipeline } to { $stage }?
reject-question = Reject the release of { $pipeline } to { $stage }?
# The same where an earlier run of this approval was rejected, and its stage was then retried
release-question-again = Asked again after a rejection: release { $pipeline } to { $stage }?
reject-question-again = Reject the release of { $pipeline } to { $stage } again?
# Of a rollback. $day: a `day`
release-question-rollback = Roll { $pipeline } in { $stage } back to the release that was started on { $day }?
release-question-rollback-undated = Roll { $pipeline } in { $stage } back to an earlier release?
release-question-rollback-again = Asked again after a rejection: roll { $pipeline } in { $stage } back?
reject-question-rollback = Reject rolling { $pipeline } back in { $stage }?
# Of a stage that failed, or was cancelled, and now runs once more
release-question-retried = Asked again after a retry: release { $pipeline } to { $stage }?
# Where there is no page about the change that can be opened without an account in AWS
release-question-unseen = Release { $pipeline } to { $stage } without a page to review?
# Of a reminder. $question: one of the above
time-left = { $span } left. { $question }

## Earlier decisions on a release that is asked for again

rejected-before = This release was rejected before. It still has the same changes.
approved-before = This release was approved before.
# Where only AWS's own record names who used the link
rejected-by-link = Rejected through an approval link on { $moment }.
approved-by-link = Approved through an approval link on { $moment }.
older-decisions = { $count ->
    [one] … and { $count } older decision
   *[other] … and { $count } older decisions
}

## Who or what started a release

started-by-person = { $name } started this release.
# Somebody whom the rules for approvals do not know
started-by-stranger = Someone with access to AWS started this release.
# $branch: of a repository, such as main
started-by-push = A push to { $branch } started this release.
started-by-a-push = A push to a repository started this release.
started-by-change = A change to its source started this release.
# $rule: the name of a rule in AWS, such as nightly
started-by-rule = The rule { $rule } started this release automatically.
# Where the name may not stand in a sentence
started-by-a-rule = A rule started this release automatically.
started-by-rollback = AWS started this rollback automatically, because a later release failed.
started-by-unknown = AWS does not say who or what started this release.
retried-by-hand = Someone then had this stage run again.
retried-automatically = AWS then ran this stage again automatically.
retried = This stage then ran again.

## What was released before

# Above what was released last, where a rollback takes it back
what-is-taken-back = What is taken back
last-release = The last release to { $stage } was started on { $moment }.
# $names: one or more people
last-release-voted = The last release to { $stage } was started on { $moment }. { $names } voted to approve it.
newer-release-here = A newer release than this one has already gone to { $stage }.
nothing-changed = It had the same changes as this one.
# Of a rollback, where the last release is what it puts back
same-is-put-back = This rollback puts that same release back.
# Of a rollback to a release that an earlier rollback took back
put-back-again = What this rollback puts back was itself rolled back once.
# After the last release, where AWS does not say which of several releases came last
order-unknown = AWS does not show whether another release came after it.
# After the last release, which may have failed, been stopped, or still be under way behind this stage
last-release-unfinished = AWS does not show that it got through all stages, so an older release may be in use.
rolled-back-since = A rollback was started since, so an older release may be in use.
# After the last release, where not all of what came then could be looked up
more-may-have-changed = There may be further changes since then that AWS did not show us.
no-release-before = AWS lists no earlier release to { $stage }.
no-release-since-edit = AWS lists no release to { $stage } since the pipeline was last edited.
last-release-unread = We could not find out what was released to { $stage } before.
# Above the titles of changes that other releases brought, and the last one did not
unreleased-since = The last release did not have these changes. This one may have them.
# Above the titles of what was released after the release that a rollback puts back
taken-back-too = These changes are taken back, as far as they were released.
more-unreleased = { $count ->
    [one] … and { $count } more change
   *[other] … and { $count } more changes
}

## How many people decide

only-you = You are the only person asked to decide.
people-asked = { $asked ->
    [one] { $asked } person has been asked to decide.
   *[other] { $asked } people have been asked to decide.
}
# Where one approval is enough
one-approval = One approval is enough. One rejection is enough to stop it.
# Where two or more approvals are needed
approvals-needed = { $needed } approvals are needed. One rejection is enough to stop it.
# Where the approval of whoever rejected before is needed: with one approval needed, and after `approvals-needed`
one-approval-of = One approval is enough, and it must be that of { $name }, who rejected this release before. One rejection is enough to stop it.
one-must-be-by = One of them must be by { $name }, who rejected this release before.
approvals-received = { $given } of { $needed } approvals received.
approvals-still-needed = { $count ->
    [one] { $count } more approval is needed.
   *[other] { $count } more approvals are needed.
}
# $names: one or more people
still-awaited = Still to vote: { $names }.
no-votes-yet = Nobody has voted yet.
# The decision in `vote`
approved = Approved
rejected = Rejected
# One vote in a list. $decision: `approved` or `rejected`
vote = { $who }: { $decision }, { $moment }
# Between two sentences
between-sentences = {" "}
# Between the names in a list of people
name-separator = {", "}
# The last in a list of people, for those without a name in it
more-people = { $count ->
    [one] and { $count } other
   *[other] and { $count } others
}
may-not-approve = { $name } started this release, so they cannot approve it.
initiator-unrecognised = We cannot tell whether one of the approvers started this release.

## The page that a link opens

if-you-approve = If you approve, the release continues immediately.
if-you-approve-of-several = If you approve, your vote is counted. The pipeline continues when enough people have approved.
if-you-reject = If you reject, the release stops here and the stage is marked as failed.
decide-until = Decide by { $until } ({ $in }).
you-approved-before = You have already voted to approve. If you press the button below, you change your vote to a rejection.
you-rejected-before = You have already voted to reject. If you press the button below, you change your vote to an approval.
comment-optional = Comment (optional, saved with your decision)
comment-required = Comment (required, saved with your decision)
# What unfolds the field for an optional comment
add-comment = Add a comment
you-decide-as = You are deciding as { $who }.
approve-button = Approve this release
approve-button-rollback = Approve this rollback
reject-button = Reject this release
reject-button-rollback = Reject this rollback

# The title of a page that shows the form again with a problem. $title: the title of the page without the problem
problem-title = Error: { $title }
comment-too-long = Your comment must be { $most } characters or fewer. Nothing has been decided yet.
comment-missing = Enter a comment to say why you are rejecting this release. Nothing has been decided yet.
button-not-pressed = Nothing has been decided yet. To decide, press the button.
# On the pages where a form was not accepted, above the comment
comment-not-saved = Your comment was not saved. You can copy it here.

## The page after an approval that is not the last one needed

recorded-title = Your vote has been recorded
recorded = You voted to approve. Voting closes when the release has been decided, and no later than { $until } ({ $in }).
recorded-change = Until then, you can change your vote by opening the Reject link in your email.
# Also on the page that says how it was decided
open-again = You can open this link again at any time to see where things stand.

## How an approval ended, on pages and in the last email

was-approved = { $pipeline } was approved
was-rejected = { $pipeline } was rejected
was-already-approved = { $pipeline } was already approved
was-already-rejected = { $pipeline } was already rejected
was-not-approved-in-time = { $pipeline } was not approved in time
was-superseded = Approval of { $pipeline } is no longer needed
was-stopped = The release of { $pipeline } was stopped
was-not-shown = AWS no longer shows the approval of { $pipeline }

# $names: one or more people
approved-by = Approved by { $names } on { $moment }.
rejected-by = Rejected by { $names } on { $moment }.
approved-in-aws-by = Approved in AWS by { $name } on { $moment }.
rejected-in-aws-by = Rejected in AWS by { $name } on { $moment }.
approved-in-aws = Approved in AWS on { $moment }.
rejected-in-aws = Rejected in AWS on { $moment }.
nobody-voted-in-time = Nobody had voted by { $moment }.
too-few-approved = Not enough people had approved by { $moment }.
superseded-at = On { $moment }, a newer release replaced this one, or the pipeline was changed or deleted.
stopped-at = Stopped on { $moment }.
end-not-shown = AWS CodePipeline no longer shows this approval, so we cannot say how it ended.

pipeline-continues = The pipeline continues.
stage-failed = The release stopped here and the stage was marked as failed.
not-released = This release will not go ahead.
ask-the-pipelines-owner = Ask the team that runs the pipeline whether the release went ahead.

link-no-longer-decides = You can no longer use this link to approve or reject.
nothing-left-to-decide = There is nothing left to decide.
earlier-links = The links in the earlier email now show this result.

## Pages that say why something cannot be done, and what to do instead: a title, what happened, and -next

bad-link-title = This link does not work
bad-link = It may be incomplete, or something may have changed it. Nothing was decided.
bad-link-next = Open the link in the email again, or copy the whole link into your browser’s address bar. If that does not work, ask the team that runs the pipeline to send the request again.

bad-form-title = Nothing was decided
bad-form = The form was incomplete when it arrived, or did not match its link.
bad-form-next = Open the link in the email again and press the button on the page.

try-again-title = Please try again in a minute
try-again = AWS, which runs the pipeline, did not answer in time. If you pressed the button, your decision may already have been recorded.
try-again-next = Wait a minute, then open the link in the email again. It is safe to press the button again.
# Instead, where the page has the button
try-again-here = Wait a minute, then press the button below. It is safe to press it again.

misconfigured-title = Sorry, there is a problem
misconfigured = Approval by email is not set up correctly. If you pressed the button, your decision may already have been recorded.
misconfigured-next = Tell the team that runs the pipeline. They can find the details in the log. When they have fixed the problem, open the link in the email again.

unserved-title = You can no longer decide this by email
unserved = Approval by email has been turned off for this pipeline. Nothing was decided just now.
unserved-next = Ask the team that runs the pipeline how the release can be approved or rejected.

not-found-title = Page not found
not-found = This address only accepts approval links. Your link is in the email that asks you to decide.
not-found-next = Open the link in the email again, or copy the whole link into your browser’s address bar.

not-allowed-title = You cannot do that here
not-allowed = This address only accepts approval links. You can only open a link, or send the form on its page.
not-allowed-next = Open the link in the email in a web browser.

# The approval may have been decided earlier, so "just now"

initiator-title = You started this release
initiator = The person who starts a release cannot approve it, so your approval does not count. Nothing was decided.
initiator-next = The other people who were asked can approve it. If it should not go ahead, open the Reject link in your email.

expired-title = This link has expired
# The approval is known to have failed
expired = No decision was made in time, so the release stopped and the stage was marked as failed.
# It is not known how the approval ended
expired-link = You can no longer use it to approve or reject.
expired-next = If the release should still go ahead, ask the team that runs the pipeline to retry the stage in AWS CodePipeline, or to start the pipeline again. You will then get a new email.
# The pipeline waits longer than its links work
expired-link-next = The pipeline may still be waiting. If so, someone with access to AWS can decide there. If not, ask the team that runs the pipeline to retry the stage in AWS CodePipeline, or to start the pipeline again. You will then get a new email.

stopped-title = This release was stopped
stopped = Someone stopped it while it was waiting for a decision. There is nothing left to decide.
stopped-next = If the release should still go ahead, ask the team that runs the pipeline to start it again. You will then get a new email.

superseded-title = This approval is no longer needed
superseded = A newer release replaced this one, or the pipeline was changed or deleted. This release will not go ahead.
superseded-next = If a newer release is waiting for a decision, look for a newer email about this pipeline.

not-shown-title = This approval is over
not-shown = AWS CodePipeline no longer shows it as waiting, and does not show how it ended. Nothing was decided just now.
not-shown-next = Ask the team that runs the pipeline whether the release went ahead.

asked-anew-title = You were asked again
asked-anew = The approval was asked for again after this link was sent, so this link no longer works. Nothing was decided just now.
asked-anew-next = Look for the newest email about this pipeline, and use the links in it.

cross-site-title = This did not come from our page
cross-site = The decision was sent from another website or another program, so it was not accepted. Nothing was decided just now.
cross-site-next = Open the link in your email again, and press the button on the page that it opens.

## The page about the emails, to which each request links

help-title = About these emails
help-about = A release of some software is ready, and it waits until somebody approves it. The team that runs its pipeline has named you as one of the people who may decide. You do not need an account.
help-before-title = Before you decide
help-before = Read what changes, what was released last, and what the team asks of you. If there is a page to review, open it. If something is unclear, ask the team first: the release waits until the time that the email gives.
help-links-title = What the links do
help-links = Opening a link decides nothing. It opens a page with one button, and only that button decides. The others who were asked, and the team, can read the comment that you write there. Whoever has your links can decide in your name, so do not forward the email.
help-nothing-title = If you do nothing
help-nothing = If nobody decides in time, nothing is released. The team can then ask again, and you get a new email.
help-genuine-title = How to tell that an email is genuine
help-genuine = Its links lead to the address that your team uses for approvals; ask the team for it once, and compare. No page of ours asks for a password or offers a download. If you are in doubt, press no button, and ask the team without replying to the email.
help-not-you-title = If you get a receipt for a vote that is not yours
help-not-you = Someone else has used a link that was meant for you. Open the other link in the email that asked you to decide, and press its button: as long as nothing has been decided, this replaces the vote. Then tell the team immediately.

## Emails

# $stage and $action: their names in CodePipeline. All emails about one approval have this subject, so that they form a thread.
subject = Approval needed: { $pipeline } / { $stage } / { $action }
subject-rollback = Approval needed to roll back: { $pipeline } / { $stage } / { $action }

decision-needed = A decision is needed within { $span }, by { $until }.
# After it, where nobody can decide later
without-a-decision = If nobody decides by then, nothing is released.
without-a-decision-rollback = If nobody decides by then, nothing is rolled back.
# The links stop working before the pipeline stops waiting; see `after-the-links`
decision-needed-links = A decision is needed. The Approve and Reject links work for { $span }, until { $until }.
reminder = Reminder: a decision is still needed, by { $until }.
reminder-links = Reminder: a decision is still needed. The Approve and Reject links work until { $until }.
pipeline-waits-longer = When the links stop working, { $pipeline } keeps waiting until { $until }. Someone with access to AWS can still decide there until then.

your-approval-would-not-count = You started this release, so your approval would not count. You can still reject it.
rejection-needs-comment = If you reject, you must say why.
more-changes = { $count ->
    [one] And { $count } more change, which is on the approval page.
   *[other] And { $count } more changes, which are on the approval page.
}
# Below the changes. They are on the approval page neither
sources-not-shown = { $count ->
    [one] This release has { $count } more source, whose changes are not shown here.
   *[other] This release has { $count } more sources, whose changes are not shown here.
}
older-votes = { $count ->
    [one] { $count } older vote is not shown here.
   *[other] { $count } older votes are not shown here.
}

approve = Approve
reject = Reject
# Above the two links
if-a-button-fails = If a button does not work, use its link:
# The link itself. $link: `approve` or `reject`. $host: where it leads
link-at = { $link }: open on { $host }
only-the-button-decides = Each link opens a page that shows the request again. Nothing is decided until you press the button on that page.
do-not-forward = These links are for { $who }. Anyone who has them can decide in that person’s name, so do not forward this email.
for-your-information = This email is for your information. You are not being asked to decide.

## The email to a voter about their vote, and what the last email says of the reader’s own vote

receipt-title = Your vote on { $pipeline } has been recorded
receipt-approved = You voted to approve the release of { $pipeline } to { $stage }.
receipt-rejected = You voted to reject the release of { $pipeline } to { $stage }.
your-vote = Your vote
vote-time = Time
network-address = IP address
browser = Browser
vote-was-yours = If this was you, you do not need to do anything.
# $link: `reject` or `approve`, as the other link in that email is called
vote-was-not-yours = If this was not you, someone else has used a link that was meant for you. Open the { $link } link in the email that asked you to decide, and press the button: as long as the release has not been decided, this replaces the vote. Then tell the team that runs the pipeline.
# In the last email, when nothing can be changed any more
decided-vote-was-not-yours = If this vote was not yours, someone else has used a link that was meant for you. Tell the team that runs the pipeline immediately.

## The email to those whom a change of the rules concerns: who may decide on more or fewer releases, and who decides beside them

rights-changed = The rules for approving releases have changed
# $seen: a moment
rules-were-changed = Someone changed the rules for who may approve or reject releases. We noticed this on { $seen }.
you-may-decide-now = You may now approve or reject
you-no-longer-decide = You may no longer approve or reject
others-may-decide-now = Others who may now approve or reject
others-no-longer-decide = Others who may no longer approve or reject
# A kind of releases, in a list of them
every-release = All releases
# $all and $others: kinds of releases, such as `Pipeline payments-*, Stage Production`
all-except = { $all }, except: { $others }
a-star-is-any-text = An asterisk (*) stands for any text.
rights-from-now-on = This applies to releases that come up for approval from now on. Where you have already been asked to decide, nothing changes.
if-rights-are-unexpected = If you did not expect this change, tell the team that runs the pipelines immediately.

## The email to the others when the request did not reach somebody without whom too few are left

not-delivered-title = An email about { $pipeline } did not arrive
not-delivered = The email that asks { $name } to decide on the release of { $pipeline } to { $stage } could not be delivered.
too-few-reached = Without everyone whom these emails do not reach, the release cannot get the approvals that it needs.
# $until: a moment
tell-the-team = Tell the team that runs the pipeline now. They can have the mailbox repaired and send the email again, or decide in AWS. If you were asked to decide, the links in your earlier email work until { $until }.
