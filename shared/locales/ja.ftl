# 日本語
#
# 「approve」は「承認」、「reject」はAWSの表記に合わせて「拒否」、依頼としての「approval」は「承認依頼」。
# ラテン文字の前後に空白を入れない。記号（？：（）、）は全角。

## 日時と期間

month = { $number }月
moment = { $year }年{ $month }{ $day }日 { $time } UTC
local-moment = { $year }年{ $month }{ $day }日 { $time } { $place }時間
utc-time = { $time } UTC
utc-day-and-time = { $month }{ $day }日 { $time } UTC
both-times = { $local }／{ $utc }
utc-and-in = { $utc }、{ $in }
day = { $year }年{ $month }{ $day }日

# 「7日以内」「残り7日」
days = { $count }日
hours = { $count }時間
minutes = { $count }分

# 期限の後の括弧の中：「（あと7日）」
in-days = あと{ $count }日
in-hours = あと{ $count }時間
in-minutes = あと{ $count }分

## 値の前の見出し

pipeline = パイプライン
stage = ステージ
action = アクション
account = AWSアカウント
region = リージョン
execution = 実行
started-by = 開始者
what-changes = 変更内容
what-is-put-back = 元に戻す内容
instructions = 承認者への指示
please-review = ご確認ください
votes = 投票
technical-details = 技術的な詳細
open-in-console = AWSコンソールで開く：{ $host }
revision = リビジョン
revision-of = { $source }のリビジョン

## ほかの人が書いた内容

written-by-author = 変更の作成者が書いた内容
change-in-branch = { $repository }のブランチ{ $branch }の変更。変更の作成者による説明
change-in-repository = { $repository }の変更。変更の作成者による説明
usual-branch = このパイプラインは通常、ブランチ{ $branch }を使います。
version-of-file = { $bucket }にあるファイル{ $key }のバージョン
version-of-image = コンテナイメージ{ $image }のバージョン
usual-tag = このパイプラインは通常、タグ{ $tag }のイメージを使います。
source = ソース{ $source }
see-change = この変更を{ $host }で見る
compare-with-last = { $host }で前回のリリースと比較する
only-in-aws = この変更へのリンクは、AWSにアクセスできる人だけが開けます。
change-unread = 何が変わるのか、AWSからは分かりませんでした。
variables = このリリースの設定値。開始した人またはパイプラインの担当者が指定した内容
written-by-owner = パイプラインの担当者が書いた内容
comment-by = { $who }のコメント
written-by-you = あなたが書いた内容
from-codepipeline = AWS CodePipelineに記録された内容
more-lines = …ほか{ $count }行
more-characters = …ほか{ $count }文字
link-to = { $host }へのリンク
link-hides-host = このアドレスは{ $host }へ移動することを隠しているため、リンクにしていません
not-a-link = ウェブアドレスではないため、リンクにしていません

## ページとメールの題

release-question = { $pipeline }を{ $stage }にリリースしますか？
reject-question = { $pipeline }の{ $stage }へのリリースを拒否しますか？
release-question-again = 拒否後の再依頼：{ $pipeline }を{ $stage }にリリースしますか？
reject-question-again = { $pipeline }の{ $stage }へのリリースを再び拒否しますか？
release-question-rollback = { $stage }の{ $pipeline }を、{ $day }に開始されたリリースに戻しますか？
release-question-rollback-undated = { $stage }の{ $pipeline }を以前のリリースに戻しますか？
release-question-rollback-again = 拒否後の再依頼：{ $stage }の{ $pipeline }を以前のリリースに戻しますか？
reject-question-rollback = { $stage }の{ $pipeline }のロールバックを拒否しますか？
release-question-retried = 再試行後の再依頼：{ $pipeline }を{ $stage }にリリースしますか？
release-question-unseen = 確認できるページなしで{ $pipeline }を{ $stage }にリリースしますか？
time-left = 残り{ $span }。{ $question }

## 再び依頼されたリリースについての以前の決定

rejected-before = このリリースは以前に拒否されています。変更内容は同じです。
approved-before = このリリースは以前に承認されています。
rejected-by-link = { $moment }にリンクから拒否されました。
approved-by-link = { $moment }にリンクから承認されました。
older-decisions = …ほか以前の決定{ $count }件

## リリースを開始した人やもの

started-by-person = このリリースは{ $name }が開始しました。
started-by-stranger = このリリースは、AWSを利用できる人が開始しました。
started-by-push = このリリースは、{ $branch }へのプッシュで開始しました。
started-by-a-push = このリリースは、リポジトリへのプッシュで開始しました。
started-by-change = このリリースは、ソースの変更で開始しました。
started-by-rule = このリリースは、ルール{ $rule }により自動的に開始しました。
started-by-a-rule = このリリースは、ルールにより自動的に開始しました。
started-by-rollback = 後のリリースが失敗したため、AWSがこのロールバックを自動的に開始しました。
started-by-unknown = このリリースを開始した人やものは、AWSからは分かりません。
retried-by-hand = その後、このステージは手動で再実行されました。
retried-automatically = その後、AWSがこのステージを自動的に再実行しました。
retried = その後、このステージは再実行されました。

## 前回までのリリース

what-is-taken-back = 取り消される内容
last-release = { $stage }への前回のリリースは{ $moment }に開始されました。
last-release-voted = { $stage }への前回のリリースは{ $moment }に開始されました。承認に投票した人：{ $names }。
newer-release-here = { $stage }には、これより新しいリリースがすでに行われています。
nothing-changed = 変更内容はこのリリースと同じです。
same-is-put-back = この切り戻しは、その同じリリースに戻すものです。
put-back-again = 戻す先のリリースは、以前に一度切り戻されています。
order-unknown = その後に別のリリースがあったかどうかは、AWSには表示されていません。
last-release-unfinished = すべてのステージを通過したことがAWSに表示されていないため、より古いリリースが使われている可能性があります。
rolled-back-since = その後に切り戻しが開始されたため、より古いリリースが使われている可能性があります。
more-may-have-changed = それ以降に、AWSが表示しなかった変更がほかにもある可能性があります。
no-release-before = AWSには、{ $stage }への以前のリリースの記録がありません。
no-release-since-edit = パイプラインの最後の編集以降、AWSには{ $stage }へのリリースの記録がありません。
last-release-unread = { $stage }に以前リリースされたものを確認できませんでした。
unreleased-since = 前回のリリースには含まれていない変更です。このリリースに含まれている可能性があります。
taken-back-too = 次の変更は、リリース済みであれば取り消されます。
more-unreleased = … ほか{ $count }件の変更

## 決定する人数

only-you = 依頼を受けたのはあなただけです。
people-asked = { $asked }人に依頼しています。
one-approval = 1人の承認で足ります。1人でも拒否すると、リリースは停止します。
approvals-needed = { $needed }人の承認が必要です。1人でも拒否すると、リリースは停止します。
one-approval-of = 1人の承認で足りますが、以前このリリースを拒否した{ $name }の承認が必要です。1人でも拒否すると、リリースは停止します。
one-must-be-by = そのうち1人は、以前このリリースを拒否した{ $name }でなければなりません。
approvals-received = 必要な{ $needed }人のうち{ $given }人が承認済みです。
approvals-still-needed = あと{ $count }人の承認が必要です。
still-awaited = まだ投票していない人：{ $names }
no-votes-yet = まだ誰も投票していません。
approved = 承認
rejected = 拒否
vote = { $who }：{ $decision }（{ $moment }）
# 文と文の間
between-sentences = {""}
name-separator = 、
more-people = ほか{ $count }人
may-not-approve = { $name }はこのリリースを開始したため、承認できません。
initiator-unrecognised = 依頼を受けた人のいずれかがこのリリースを開始したかどうかは、確認できません。

## リンク先のページ

if-you-approve = 承認すると、リリースはすぐに先へ進みます。
if-you-approve-of-several = 承認すると、1票としてカウントされます。必要な人数の承認がそろうと、パイプラインは先へ進みます。
if-you-reject = 拒否すると、リリースはここで停止し、ステージは失敗として扱われます。
decide-until = { $until }まで決定できます（{ $in }）。
you-approved-before = あなたは以前、承認に投票しました。ボタンを押すと、今回の投票に置き換えられます。
you-rejected-before = あなたは以前、拒否に投票しました。ボタンを押すと、今回の投票に置き換えられます。
comment-optional = コメント（任意、決定とともに保存されます）
comment-required = コメント（必須、決定とともに保存されます）
add-comment = コメントを追加
you-decide-as = { $who }として決定します。
approve-button = このリリースを承認する
approve-button-rollback = この切り戻しを承認する
reject-button = このリリースを拒否する
reject-button-rollback = この切り戻しを拒否する

problem-title = エラー：{ $title }
# フォームの誤り
comment-too-long = コメントは{ $most }文字以内で入力してください。まだ何も決定されていません。
comment-missing = コメントを入力し、拒否する理由を説明してください。まだ何も決定されていません。
button-not-pressed = まだ何も決定されていません。ボタンを押してください。
comment-not-saved = コメントは保存されませんでした。ここからコピーできます。

## 投票が記録され、まだほかの投票が必要なとき

recorded-title = 投票を記録しました
recorded = あなたは承認に投票しました。投票は遅くとも{ $until }に締め切られます（{ $in }）。
recorded-change = 締め切りまでは投票を変更できます。変更するには、メールの「拒否する」リンクを開いてください。
open-again = このリンクをもう一度開くと、いつでも現在の状況を確認できます。

## 承認依頼の結果

was-approved = { $pipeline }のリリースが承認されました
was-rejected = { $pipeline }のリリースが拒否されました
was-already-approved = { $pipeline }のリリースはすでに承認されています
was-already-rejected = { $pipeline }のリリースはすでに拒否されています
was-not-approved-in-time = { $pipeline }のリリースは期限内に承認されませんでした
was-superseded = { $pipeline }の承認は不要になりました
was-stopped = { $pipeline }のリリースは停止されました
was-not-shown = AWS に { $pipeline } の承認が表示されなくなりました

approved-by = { $moment }に{ $names }が承認しました。
rejected-by = { $moment }に{ $names }が拒否しました。
approved-in-aws-by = { $moment }に{ $name }がAWSで承認しました。
rejected-in-aws-by = { $moment }に{ $name }がAWSで拒否しました。
approved-in-aws = { $moment }にAWSで承認されました。
rejected-in-aws = { $moment }にAWSで拒否されました。
nobody-voted-in-time = { $moment }までに誰も投票しませんでした。
too-few-approved = { $moment }までに必要な人数の承認がそろいませんでした。
superseded-at = { $moment }に、このリリースが新しいリリースに置き換えられたか、パイプラインが変更または削除されました。
stopped-at = { $moment }に停止されました。
end-not-shown = AWS CodePipeline にこの承認が表示されなくなったため、どのように終了したかをお伝えできません。

pipeline-continues = パイプラインは先へ進みます。
stage-failed = リリースはここで停止し、ステージは失敗として扱われました。
not-released = このリリースは実施されません。
ask-the-pipelines-owner = リリースが実行されたかどうかは、パイプラインを運用しているチームに確認してください。

link-no-longer-decides = このリンクでは、もう承認も拒否もできません。
nothing-left-to-decide = もう決定の必要はありません。
earlier-links = 以前のメールのリンクからも、この結果を確認できます。

## 何もできない理由と、次にすること

bad-link-title = このリンクは使えません
bad-link = リンクが途中で切れたか、書き換えられた可能性があります。何も決定されていません。
bad-link-next = メールのリンクをもう一度開くか、リンク全体をコピーしてアドレスバーに貼り付けてください。それでも開けない場合は、承認依頼を再送するよう、パイプラインの担当者に連絡してください。

bad-form-title = 何も決定されていません
bad-form = 届いたフォームの内容が、一部欠けているか、途中で書き換えられています。
bad-form-next = メールのリンクをもう一度開き、表示されたページでボタンを押してください。

try-again-title = 1分ほど待ってから、もう一度お試しください
try-again = パイプラインを実行しているAWSから、時間内に応答がありませんでした。ボタンを押した場合、あなたの決定はすでに記録されている可能性があります。
try-again-next = 1分ほど待ってから、メールのリンクをもう一度開いてください。ボタンをもう一度押しても問題はありません。
try-again-here = 1分ほど待ってから、下のボタンを押してください。もう一度押しても問題ありません。

misconfigured-title = 申し訳ありません。問題が発生しました
misconfigured = この承認の設定に問題があります。詳細はログに記録されています。ボタンを押した場合、あなたの決定はすでに記録されている可能性があります。
misconfigured-next = パイプラインの担当者に連絡してください。問題が解決したら、メールのリンクをもう一度開いてください。

unserved-title = メールでは決定できなくなりました
unserved = このパイプラインでは、メールによる承認が無効になりました。今回は何も決定されていません。
unserved-next = リリースを承認または拒否する方法を、パイプラインの担当者に確認してください。

not-found-title = ページが見つかりません
not-found = このアドレスで開けるのは承認リンクだけです。リンクは、承認を依頼するメールに記載されています。
not-found-next = メールのリンクをもう一度開くか、リンク全体をコピーしてアドレスバーに貼り付けてください。

not-allowed-title = この操作はここではできません
not-allowed = このアドレスでできるのは、承認リンクを開くことと、そのページのフォームを送信することだけです。
not-allowed-next = メールのリンクをブラウザで開いてください。

# 承認依頼そのものは、すでに決定されているかもしれない

initiator-title = このリリースはあなたが開始しました
initiator = リリースを開始した人は承認できないため、あなたの承認はカウントされません。何も決定されていません。
initiator-next = 依頼を受けたほかの人は承認できます。リリースすべきでない場合は、メールの「拒否する」リンクを開いてください。

expired-title = このリンクは期限切れです
expired = 期限内に決定されなかったため、リリースは停止し、ステージは失敗として扱われました。
expired-link = このリンクでは、もう承認も拒否もできません。
expired-next = 引き続きリリースが必要な場合は、AWS CodePipelineでステージを再試行するか、パイプラインをもう一度開始するよう、パイプラインの担当者に連絡してください。新しいメールが届きます。
expired-link-next = パイプラインはまだ待っている可能性があります。その場合は、AWSにアクセスできる人がAWSで決定できます。待っていない場合は、AWS CodePipelineでステージを再試行するか、パイプラインをもう一度開始するよう、パイプラインの担当者に連絡してください。新しいメールが届きます。

stopped-title = このリリースは停止されました
stopped = 決定を待っている間に停止されました。もう決定の必要はありません。
stopped-next = 引き続きリリースが必要な場合は、もう一度開始するよう、パイプラインの担当者に連絡してください。新しいメールが届きます。

superseded-title = この承認は不要になりました
superseded = このリリースが新しいリリースに置き換えられたか、パイプラインが変更または削除されました。このリリースは実施されません。
superseded-next = 新しいリリースが決定を待っている場合は、このパイプラインについての新しいメールが届いています。

not-shown-title = この承認は終了しています
not-shown = AWS CodePipeline では待機中として表示されておらず、どのように終了したかも表示されていません。今回は何も決定されていません。
not-shown-next = リリースが実行されたかどうかは、パイプラインを運用しているチームに確認してください。

asked-anew-title = 改めて依頼が送られています
asked-anew = このリンクの送信後に承認が改めて依頼されたため、このリンクは使えなくなりました。今回は何も決定されていません。
asked-anew-next = このパイプラインに関する最新のメールを探し、そのリンクを使ってください。

cross-site-title = このサイトのページから送信されたものではありません
cross-site = 決定が別のウェブサイトまたは別のプログラムから送信されたため、受け付けられませんでした。今回は何も決定されていません。
cross-site-next = メールのリンクをもう一度開き、表示されたページのボタンを押してください。

## 各依頼からリンクされる、メールについてのページ

help-title = このメールについて
help-about = ソフトウェアのリリースの準備ができ、承認を待っています。パイプラインを運用しているチームが、決定できる人の一人としてあなたを指定しました。アカウントは必要ありません。
help-before-title = 決定する前に
help-before = 変更の内容、前回のリリース、チームからの依頼を読んでください。確認用のページがあれば開いてください。不明な点があれば、先にチームに問い合わせてください。リリースは、メールに記載された時刻まで待機します。
help-links-title = リンクの働き
help-links = リンクを開いても、何も決定されません。開いたページにはボタンが一つあり、そのボタンを押したときにだけ決定されます。そこに書いたコメントは、チームと、ほかに依頼された人が読めます。リンクを知っている人は誰でもあなたの名義で決定できるため、メールを転送しないでください。
help-nothing-title = 何もしない場合
help-nothing = 期限までに誰も決定しない場合、何もリリースされません。チームはもう一度依頼でき、その場合は新しいメールが届きます。
help-genuine-title = メールが本物かどうかの見分け方
help-genuine = 本物のメールのリンクは、チームが承認に使っているアドレスにつながります。一度チームにアドレスを確認し、見比べてください。私たちのページがパスワードを求めたり、ダウンロードを勧めたりすることはありません。疑わしいときは、ボタンを押さず、メールに返信せずにチームに問い合わせてください。
help-not-you-title = 自分のものではない投票の通知が届いたら
help-not-you = あなた宛てのリンクをほかの人が使いました。決定を依頼するメールのもう一方のリンクを開き、ボタンを押してください。まだ決定されていなければ、投票が置き換えられます。その後、すぐにチームに連絡してください。

## メール

subject = 承認依頼：{ $pipeline } / { $stage } / { $action }
subject-rollback = 切り戻しの承認依頼：{ $pipeline } / { $stage } / { $action }

decision-needed = { $span }以内に決定が必要です（{ $until }まで）。
without-a-decision = それまでに誰も決定しない場合、何もリリースされません。
without-a-decision-rollback = それまでに誰も決定しない場合、何も元に戻されません。
decision-needed-links = 決定が必要です。メールで決定できる期間は{ $span }です（{ $until }まで）。
reminder = これはリマインダーです。まだ決定が必要です（{ $until }まで）。
reminder-links = これはリマインダーです。まだ決定が必要です。メールでは{ $until }まで決定できます。
pipeline-waits-longer = リンクが使えなくなった後も、{ $pipeline }は{ $until }まで待ちます。その間は、AWSにアクセスできる人がAWSで決定できます。

your-approval-would-not-count = このリリースはあなたが開始したため、承認してもカウントされません。拒否することはできます。
rejection-needs-comment = 拒否する場合は、理由の入力が必要です。
more-changes = ほかに{ $count }件の変更があります。承認ページで確認できます。
sources-not-shown = このリリースにはほかに{ $count }件のソースがありますが、その変更はここには表示していません。
older-votes = これより前の投票が{ $count }件ありますが、ここには表示していません。

approve = 承認する
reject = 拒否する
if-a-button-fails = ボタンが動作しない場合は、次のリンクを使ってください。
link-at = { $link }：{ $host }で開く
only-the-button-decides = どちらのリンクでも、依頼の内容をもう一度確認できるページが開きます。そのページでボタンを押すまでは、何も決定されません。
do-not-forward = リンクは{ $who }専用です。リンクを知っている人は誰でもその名義で決定できるため、このメールを転送しないでください。
for-your-information = このメールは情報共有のためにお送りしています。あなたに決定を求めるものではありません。

## 投票した人へのメール

receipt-title = { $pipeline }への投票を記録しました
receipt-approved = { $pipeline }の{ $stage }へのリリースについて、あなたは承認に投票しました。
receipt-rejected = { $pipeline }の{ $stage }へのリリースについて、あなたは拒否に投票しました。
your-vote = あなたの投票
vote-time = 日時
network-address = IPアドレス
browser = ブラウザ
vote-was-yours = ご自身で投票した場合は、何もする必要はありません。
vote-was-not-yours = 心当たりがない場合は、あなた宛てのリンクをほかの人が使ったことになります。決定を依頼するメールの「{ $link }」リンクを開き、ボタンを押してください。まだ決定されていなければ、投票が置き換えられます。その後、パイプラインを運用しているチームに連絡してください。
decided-vote-was-not-yours = この投票に心当たりがない場合は、あなた宛てのリンクをほかの人が使ったことになります。すぐに、パイプラインを運用しているチームに連絡してください。

## The email to those whom a change of the rules concerns: who may decide on more or fewer releases, and who decides beside them

rights-changed = リリースの承認ルールが変わりました
rules-were-changed = リリースを承認または拒否できる人を定めたルールが変更されました。この変更は { $seen } に検出されました。
you-may-decide-now = 新たに承認または拒否できるもの
you-no-longer-decide = 承認も拒否もできなくなったもの
others-may-decide-now = ほかに新たに承認または拒否できる人
others-no-longer-decide = ほかに承認も拒否もできなくなった人
every-release = すべてのリリース
all-except = { $all }（次を除く: { $others }）
a-star-is-any-text = アスタリスク (*) は任意の文字列を表します。
rights-from-now-on = これは、今後承認待ちになるリリースに適用されます。すでに決定を依頼されているものについては、何も変わりません。
if-rights-are-unexpected = この変更に心当たりがない場合は、すぐにパイプラインを運用しているチームに連絡してください。

## 依頼が届かず、その人がいないと人数が足りないときに、ほかの人へ送るメール

not-delivered-title = { $pipeline }に関するメールが届きませんでした
not-delivered = { $pipeline }の{ $stage }へのリリースについて{ $name }に決定を依頼するメールを配信できませんでした。
too-few-reached = メールが届かない人を除くと、このリリースは必要な承認を得られません。
tell-the-team = すぐにパイプラインを運用しているチームに連絡してください。チームは、メールボックスを直してメールを再送するか、AWSで決定できます。決定を依頼されている場合、以前のメールのリンクは{ $until }まで使えます。
