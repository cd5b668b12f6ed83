# Português
#
# Para o Brasil e Portugal: impessoal sempre que possível, e sem palavras que se escrevem de outra forma num dos dois
# (registrado/registado). «Pedido de aprovação» (ou «pedido») é o que se pede; «aprovação», um voto a favor.

## Datas e prazos

month = { $number ->
    [1] janeiro
    [2] fevereiro
    [3] março
    [4] abril
    [5] maio
    [6] junho
    [7] julho
    [8] agosto
    [9] setembro
    [10] outubro
    [11] novembro
   *[12] dezembro
}
moment = { $day } de { $month } de { $year }, { $time } UTC
local-moment = { $day } de { $month } de { $year }, { $time }, hora de { $place }
utc-time = { $time } UTC
utc-day-and-time = { $day } de { $month }, { $time } UTC
both-times = { $local } ({ $utc })
utc-and-in = { $utc }, { $in }
day = { $day } de { $month } de { $year }

days = { $count ->
    [one] { $count } dia
   *[other] { $count } dias
}
hours = { $count ->
    [one] { $count } hora
   *[other] { $count } horas
}
minutes = { $count ->
    [one] { $count } minuto
   *[other] { $count } minutos
}

in-days = { $count ->
    [one] daqui a { $count } dia
   *[other] daqui a { $count } dias
}
in-hours = { $count ->
    [one] daqui a { $count } hora
   *[other] daqui a { $count } horas
}
in-minutes = { $count ->
    [one] daqui a { $count } minuto
   *[other] daqui a { $count } minutos
}

## Dados do pedido: rótulos antes de um valor

pipeline = Pipeline
stage = Estágio
action = Ação
account = Conta da AWS
region = Região
execution = Execução
started-by = Iniciada por
what-changes = Alterações
what-is-put-back = O que é restabelecido
instructions = Instruções para a revisão
please-review = Revise, por favor
votes = Votos
technical-details = Detalhes técnicos
open-in-console = Abrir no console da AWS: { $host }
revision = Revisão
revision-of = Revisão de { $source }

## O que outras pessoas escreveram

written-by-author = Escrito por quem fez a alteração
change-in-branch = Alteração em { $repository }, branch { $branch }, descrita por quem a fez
change-in-repository = Alteração em { $repository }, descrita por quem a fez
usual-branch = Este pipeline costuma usar o branch { $branch }.
version-of-file = Uma versão do arquivo { $key } em { $bucket }
version-of-image = Uma versão da imagem de contêiner { $image }
usual-tag = Este pipeline costuma usar a imagem com a tag { $tag }.
source = Origem { $source }
see-change = Ver esta alteração em { $host }
compare-with-last = Comparar com a última publicação em { $host }
only-in-aws = Os links para esta alteração só funcionam com acesso à AWS.
change-unread = A AWS não informou o que muda.
variables = Configurações desta publicação, definidas por quem a iniciou ou pela pessoa responsável pelo pipeline
written-by-owner = Escrito pela pessoa responsável pelo pipeline
comment-by = Comentário de { $who }
written-by-you = Escrito por você
from-codepipeline = Proveniente do AWS CodePipeline
more-lines = { $count ->
    [one] … e mais { $count } linha
   *[other] … e mais { $count } linhas
}
# O singular escreve-se de duas formas
more-characters = … (caracteres por mostrar: { $count })
link-to = Link para { $host }
link-hides-host = Sem link, porque o endereço esconde que leva a { $host }
not-a-link = Sem link, porque não é um endereço da web

## O título da página que um link abre e do e-mail que pede a decisão

release-question = Publicar { $pipeline } em { $stage }?
reject-question = Rejeitar a publicação de { $pipeline } em { $stage }?
release-question-again = Novo pedido após uma rejeição: publicar { $pipeline } em { $stage }?
reject-question-again = Rejeitar de novo a publicação de { $pipeline } em { $stage }?
release-question-rollback = Reverter { $pipeline } em { $stage } para a publicação iniciada em { $day }?
release-question-rollback-undated = Reverter { $pipeline } em { $stage } para uma publicação anterior?
release-question-rollback-again = Novo pedido após uma rejeição: reverter { $pipeline } em { $stage }?
reject-question-rollback = Rejeitar a reversão de { $pipeline } em { $stage }?
release-question-retried = Novo pedido após uma repetição: publicar { $pipeline } em { $stage }?
release-question-unseen = Publicar { $pipeline } em { $stage } sem uma página para revisar?
time-left = Tempo restante: { $span }. { $question }

## Decisões anteriores sobre uma publicação pedida de novo

rejected-before = Esta publicação já foi rejeitada antes. As alterações são as mesmas.
approved-before = Esta publicação já foi aprovada antes.
rejected-by-link = Rejeitado através de um link em { $moment }.
approved-by-link = Aprovado através de um link em { $moment }.
older-decisions = { $count ->
    [one] … e mais { $count } decisão anterior
   *[other] … e mais { $count } decisões anteriores
}

## Quem ou o que iniciou uma publicação

started-by-person = { $name } iniciou esta publicação.
started-by-stranger = Alguém com acesso à AWS iniciou esta publicação.
started-by-push = Um push para { $branch } iniciou esta publicação.
started-by-a-push = Um push para um repositório iniciou esta publicação.
started-by-change = Uma alteração em uma das origens iniciou esta publicação.
started-by-rule = A regra { $rule } iniciou esta publicação automaticamente.
started-by-a-rule = Uma regra iniciou esta publicação automaticamente.
started-by-rollback = A AWS iniciou esta reversão automaticamente porque uma publicação posterior falhou.
started-by-unknown = A AWS não informa quem ou o que iniciou esta publicação.
retried-by-hand = Depois, alguém mandou repetir esta etapa.
retried-automatically = Depois, a AWS repetiu esta etapa automaticamente.
retried = Depois, esta etapa foi repetida.

## O que foi publicado antes

what-is-taken-back = O que é retirado
last-release = A última publicação em { $stage } foi iniciada em { $moment }.
last-release-voted = A última publicação em { $stage } foi iniciada em { $moment }. Votos para aprová-la: { $names }.
newer-release-here = Já houve em { $stage } uma publicação mais recente do que esta.
nothing-changed = Tinha as mesmas alterações que esta.
same-is-put-back = Esta reversão repõe essa mesma publicação.
put-back-again = A publicação que é reposta já foi revertida uma vez.
order-unknown = A AWS não mostra se houve outra publicação depois.
last-release-unfinished = A AWS não mostra que tenha passado por todas as etapas; pode estar em uso uma publicação anterior.
rolled-back-since = Uma reversão foi iniciada desde então; pode estar em uso uma publicação anterior.
more-may-have-changed = Desde então pode haver outras alterações que a AWS não nos mostrou.
no-release-before = A AWS não mostra nenhuma publicação anterior em { $stage }.
no-release-since-edit = A AWS não mostra nenhuma publicação em { $stage } desde a última edição do pipeline.
last-release-unread = Não foi possível descobrir o que foi publicado antes em { $stage }.
unreleased-since = A última publicação não tinha estas alterações. Esta pode tê-las.
taken-back-too = Estas alterações são retiradas, na medida em que tenham sido publicadas.
more-unreleased = { $count ->
    [one] … e mais { $count } alteração
   *[other] … e mais { $count } alterações
}

## Quantas pessoas decidem

only-you = Mais ninguém foi chamado a decidir.
people-asked = { $asked ->
    [one] { $asked } pessoa foi chamada a decidir.
   *[other] { $asked } pessoas foram chamadas a decidir.
}
one-approval = Basta uma aprovação; uma rejeição interrompe a publicação.
approvals-needed = São necessárias { $needed } aprovações; uma rejeição interrompe a publicação.
one-approval-of = Basta uma aprovação, que tem de ser a de { $name }, que já rejeitou esta publicação. Uma rejeição interrompe a publicação.
one-must-be-by = Uma delas tem de ser a de { $name }, que já rejeitou esta publicação.
approvals-received = Aprovações recebidas: { $given } de { $needed }.
approvals-still-needed = { $count ->
    [one] Falta { $count } aprovação.
   *[other] Faltam { $count } aprovações.
}
still-awaited = Votos pendentes: { $names }.
no-votes-yet = Ainda não há votos.
approved = Aprovado
rejected = Rejeitado
vote = { $who }: { $decision }, { $moment }
between-sentences = {" "}
name-separator = {", "}
more-people = { $count ->
    [one] mais { $count } pessoa
   *[other] mais { $count } pessoas
}
may-not-approve = { $name } iniciou esta publicação e não pode aprová-la.
initiator-unrecognised = Não é possível saber se uma das pessoas chamadas a decidir iniciou esta publicação.

## A página que um link abre

if-you-approve = Se aprovar, a publicação continua imediatamente.
if-you-approve-of-several = Se aprovar, o seu voto é contabilizado; o pipeline continua quando houver aprovações suficientes.
if-you-reject = Se rejeitar, o estágio falha e a publicação é interrompida aqui.
decide-until = É possível decidir até { $until } ({ $in }).
you-approved-before = O seu voto anterior foi para aprovar. Ao clicar no botão, esse voto é substituído.
you-rejected-before = O seu voto anterior foi para rejeitar. Ao clicar no botão, esse voto é substituído.
comment-optional = Comentário (opcional; fica gravado com a decisão)
comment-required = Comentário (obrigatório; fica gravado com a decisão)
add-comment = Adicionar um comentário
you-decide-as = A decisão ficará em nome de { $who }.
approve-button = Aprovar esta publicação
approve-button-rollback = Aprovar esta reversão
reject-button = Rejeitar esta publicação
reject-button-rollback = Rejeitar esta reversão

problem-title = Erro: { $title }
comment-too-long = O comentário não pode ter mais de { $most } caracteres. Ainda nada foi decidido.
comment-missing = Escreva um comentário com o motivo da rejeição. Ainda nada foi decidido.
button-not-pressed = Ainda nada foi decidido. Para decidir, clique no botão.
comment-not-saved = O seu comentário não foi gravado. É possível copiá-lo aqui.

## Um voto foi contado e faltam outros

recorded-title = O seu voto foi contabilizado
recorded = O seu voto foi para aprovar. A votação termina, o mais tardar, em { $until } ({ $in }).
recorded-change = Enquanto a votação estiver aberta, é possível mudar o seu voto: abra o link “Rejeitar” do e-mail recebido.
open-again = Este link pode ser aberto de novo a qualquer momento para ver em que ponto está o pedido.

## Como terminou o pedido: páginas, e o e-mail que o comunica

was-approved = O pipeline { $pipeline } foi aprovado
was-rejected = O pipeline { $pipeline } foi rejeitado
was-already-approved = O pipeline { $pipeline } já tinha sido aprovado
was-already-rejected = O pipeline { $pipeline } já tinha sido rejeitado
was-not-approved-in-time = O pipeline { $pipeline } não foi aprovado a tempo
was-superseded = A aprovação de { $pipeline } já não é necessária
was-stopped = A publicação de { $pipeline } foi interrompida
was-not-shown = A AWS já não mostra a aprovação de { $pipeline }

approved-by = Aprovado por { $names } em { $moment }.
rejected-by = Rejeitado por { $names } em { $moment }.
approved-in-aws-by = Aprovado na AWS por { $name } em { $moment }.
rejected-in-aws-by = Rejeitado na AWS por { $name } em { $moment }.
approved-in-aws = Aprovado na AWS em { $moment }.
rejected-in-aws = Rejeitado na AWS em { $moment }.
nobody-voted-in-time = Ninguém votou até { $moment }.
too-few-approved = Não houve aprovações suficientes até { $moment }.
superseded-at = Em { $moment }, uma publicação mais recente tomou o lugar desta, ou o pipeline foi alterado ou eliminado.
stopped-at = Interrompida em { $moment }.
end-not-shown = O AWS CodePipeline já não mostra esta aprovação, por isso não podemos dizer como terminou.

pipeline-continues = O pipeline continua.
stage-failed = O estágio falhou e a publicação foi interrompida aqui.
not-released = Esta publicação não vai avançar.
ask-the-pipelines-owner = Pergunte à equipe responsável pelo pipeline se a versão foi publicada.

link-no-longer-decides = Com este link já não é possível aprovar nem rejeitar.
nothing-left-to-decide = Não há mais nada a decidir.
earlier-links = Os links do e-mail anterior também mostram este resultado.

## Páginas que dizem por que nada se pode fazer aqui, e o que se pode: -title, o que aconteceu, -next

bad-link-title = Este link não funciona
bad-link = Talvez tenha sido cortado ou alterado pelo caminho. Nada foi decidido.
bad-link-next = Abra de novo o link do e-mail ou copie-o inteiro para a barra de endereço do navegador. Se continuar sem funcionar, peça à pessoa responsável pelo pipeline que envie o pedido novamente.

bad-form-title = Nada foi decidido
bad-form = O formulário chegou incompleto ou foi alterado pelo caminho.
bad-form-next = Abra de novo o link do e-mail e clique no botão da página que se abre.

try-again-title = Tente novamente daqui a um minuto, por favor
try-again = A AWS, onde o pipeline é executado, não respondeu a tempo. Se clicou no botão, a sua decisão talvez já esteja gravada.
try-again-next = Aguarde um minuto e abra de novo o link do e-mail. Clicar outra vez no botão não causa nenhum problema.
try-again-here = Aguarde um minuto e clique no botão abaixo. Pode clicar de novo sem risco.

misconfigured-title = Ocorreu um problema
misconfigured = Estas aprovações não estão bem configuradas; os detalhes estão no log. Se clicou no botão, a sua decisão talvez já esteja gravada.
misconfigured-next = Avise a pessoa responsável pelo pipeline. Quando o problema estiver resolvido, abra de novo o link do e-mail.

unserved-title = Já não é possível decidir por e-mail
unserved = A aprovação por e-mail foi desativada para este pipeline. Nada foi decidido agora.
unserved-next = Pergunte à pessoa responsável pelo pipeline como a publicação pode ser aprovada ou rejeitada.

not-found-title = Esta página não existe
not-found = Este endereço só aceita links de aprovação. O seu está no e-mail que pede a decisão.
not-found-next = Abra de novo o link do e-mail ou copie-o inteiro para a barra de endereço do navegador.

not-allowed-title = Isto não pode ser feito aqui
not-allowed = Este endereço só aceita links de aprovação. É possível abrir um deles e enviar o formulário da sua página.
not-allowed-next = Abra o link do e-mail em um navegador.

# O pedido pode ter sido decidido antes: por isso «esta visita»

initiator-title = Você iniciou esta publicação
initiator = Quem inicia uma publicação não pode aprová-la; por isso, a sua aprovação não conta. Nada foi decidido.
initiator-next = As outras pessoas chamadas a decidir podem aprová-la. Se ela não deve avançar, abra o link “Rejeitar” do e-mail recebido.

expired-title = Este link expirou
expired = Não houve decisão a tempo: o estágio falhou e a publicação foi interrompida.
expired-link = Já não é possível aprovar nem rejeitar com ele.
expired-next = Se a publicação ainda for necessária, peça à pessoa responsável pelo pipeline que repita o estágio no AWS CodePipeline ou que inicie o pipeline novamente. O pedido chegará então em um novo e-mail.
expired-link-next = O pipeline talvez ainda aguarde uma decisão: nesse caso, quem tiver acesso à AWS pode decidir lá. Caso contrário, peça à pessoa responsável pelo pipeline que repita o estágio no AWS CodePipeline ou que inicie o pipeline novamente. O pedido chegará então em um novo e-mail.

stopped-title = Esta publicação foi interrompida
stopped = Alguém a interrompeu enquanto ela aguardava uma decisão. Não há mais nada a decidir.
stopped-next = Se a publicação ainda for necessária, peça à pessoa responsável pelo pipeline que a inicie novamente. O pedido chegará então em um novo e-mail.

superseded-title = Esta aprovação já não é necessária
superseded = Uma publicação mais recente tomou o lugar desta, ou o pipeline foi alterado ou eliminado. Esta publicação não vai avançar.
superseded-next = Se uma publicação mais recente aguardar uma decisão, há um e-mail mais recente sobre este pipeline.

not-shown-title = Esta aprovação terminou
not-shown = O AWS CodePipeline já não a mostra à espera e não mostra como terminou. Nada foi decidido agora.
not-shown-next = Pergunte à equipe responsável pelo pipeline se a versão foi publicada.

asked-anew-title = O pedido foi enviado de novo
asked-anew = A aprovação foi pedida de novo depois do envio deste link, por isso este link já não funciona. Nada foi decidido agora.
asked-anew-next = Procure o e-mail mais recente sobre este pipeline e use os links dele.

cross-site-title = Isto não veio da nossa página
cross-site = A decisão foi enviada de outro site ou de outro programa, por isso não foi aceita. Nada foi decidido agora.
cross-site-next = Abra de novo o link do seu e-mail e pressione o botão da página.

## A página sobre os e-mails, para a qual cada pedido aponta

help-title = Sobre estes e-mails
help-about = Uma publicação de um software está pronta e espera que alguém a aprove. A equipe responsável pelo pipeline indicou você como uma das pessoas que podem decidir. Não é preciso ter uma conta.
help-before-title = Antes de decidir
help-before = Leia o que muda, o que foi publicado por último e o que a equipe pede a você. Se houver uma página para revisar, abra-a. Se algo não estiver claro, pergunte primeiro à equipe: a publicação espera até a hora que o e-mail indica.
help-links-title = O que os links fazem
help-links = Abrir um link não decide nada. Ele abre uma página com um botão, e só esse botão decide. O comentário que você escrever ali pode ser lido pela equipe e pelas outras pessoas consultadas. Quem tiver os seus links pode decidir em seu nome: não encaminhe o e-mail.
help-nothing-title = Se você não fizer nada
help-nothing = Se ninguém decidir a tempo, nada é publicado. A equipe pode então pedir de novo, e você receberá um novo e-mail.
help-genuine-title = Como saber se um e-mail é autêntico
help-genuine = Os links levam ao endereço que a sua equipe usa para aprovações; peça-o uma vez à equipe e compare. Nenhuma página nossa pede senha nem oferece um download. Em caso de dúvida, não clique em nenhum botão e pergunte à equipe sem responder ao e-mail.
help-not-you-title = Se você receber a confirmação de um voto que não é seu
help-not-you = Outra pessoa usou um link destinado a você. Abra o outro link do e-mail em que a decisão foi pedida e clique no botão dele: enquanto não houver uma decisão, esse voto é substituído. Depois, avise a equipe imediatamente.

## E-mails

subject = Aprovação necessária: { $pipeline } / { $stage } / { $action }
subject-rollback = Aprovação necessária para reverter: { $pipeline } / { $stage } / { $action }

decision-needed = É necessária uma decisão no prazo de { $span }, até { $until }.
without-a-decision = Se ninguém decidir até lá, nada é publicado.
without-a-decision-rollback = Se ninguém decidir até lá, nada é revertido.
decision-needed-links = É necessária uma decisão. Pode ser tomada por e-mail durante { $span }, até { $until }.
reminder = Lembrete: ainda é necessária uma decisão, até { $until }.
reminder-links = Lembrete: ainda é necessária uma decisão. Pode ser tomada por e-mail até { $until }.
pipeline-waits-longer = Quando os links deixarem de funcionar, { $pipeline } continuará à espera até { $until }, e quem tiver acesso à AWS ainda poderá decidir lá.

your-approval-would-not-count = Você iniciou esta publicação; por isso, a sua aprovação não contaria. Mas é possível rejeitá-la.
rejection-needs-comment = Para rejeitar, é necessário indicar o motivo.
more-changes = { $count ->
    [one] E mais { $count } alteração, que aparece na página de aprovação.
   *[other] E mais { $count } alterações, que aparecem na página de aprovação.
}
sources-not-shown = { $count ->
    [one] Esta publicação tem mais { $count } origem, cujas alterações não são mostradas aqui.
   *[other] Esta publicação tem mais { $count } origens, cujas alterações não são mostradas aqui.
}
older-votes = { $count ->
    [one] { $count } voto anterior não é mostrado aqui.
   *[other] { $count } votos anteriores não são mostrados aqui.
}

approve = Aprovar
reject = Rejeitar
if-a-button-fails = Se um botão não funcionar, use o link dele:
link-at = { $link }: abrir em { $host }
only-the-button-decides = Cada link abre uma página que mostra o pedido mais uma vez. Nada é decidido antes do clique no botão dessa página.
do-not-forward = Os links são pessoais, feitos para { $who }. Quem os tiver pode decidir em nome dessa pessoa: não encaminhe este e-mail.
for-your-information = Este e-mail é apenas para sua informação. Não lhe é pedida nenhuma decisão.

## O e-mail para quem votou

receipt-title = O seu voto sobre { $pipeline } foi contabilizado
receipt-approved = O seu voto foi para aprovar a publicação de { $pipeline } em { $stage }.
receipt-rejected = O seu voto foi para rejeitar a publicação de { $pipeline } em { $stage }.
your-vote = O seu voto
vote-time = Data e hora
network-address = Endereço IP
browser = Navegador
vote-was-yours = Se foi você, não precisa fazer nada.
vote-was-not-yours = Se não foi você, outra pessoa usou um link destinado a você. Abra o link “{ $link }” do e-mail em que a decisão foi pedida e clique no botão: enquanto não houver uma decisão, esse voto é substituído. Depois, avise a equipe responsável pelo pipeline.
decided-vote-was-not-yours = Se este voto não é seu, outra pessoa usou um link destinado a você. Avise imediatamente a equipe responsável pelo pipeline.

## The email to those whom a change of the rules concerns: who may decide on more or fewer releases, and who decides beside them

rights-changed = As regras de aprovação de publicações mudaram
rules-were-changed = Alguém alterou as regras sobre quem pode aprovar ou rejeitar publicações. Percebemos isso em { $seen }.
you-may-decide-now = Agora você pode aprovar ou rejeitar
you-no-longer-decide = Você não pode mais aprovar nem rejeitar
others-may-decide-now = Outras pessoas que agora podem aprovar ou rejeitar
others-no-longer-decide = Outras pessoas que não podem mais aprovar nem rejeitar
every-release = Todas as publicações
all-except = { $all }, exceto: { $others }
a-star-is-any-text = Um asterisco (*) representa qualquer texto.
rights-from-now-on = Isso vale para as publicações que entrarem em aprovação a partir de agora. Onde já lhe pediram uma decisão, nada muda.
if-rights-are-unexpected = Se você não esperava essa alteração, avise imediatamente a equipe responsável pelos pipelines.

## O e-mail aos outros quando o pedido não chegou a alguém sem quem restam poucas pessoas

not-delivered-title = Um e-mail sobre { $pipeline } não chegou
not-delivered = Não foi possível entregar o e-mail que pede a { $name } que decida sobre a publicação de { $pipeline } em { $stage }.
too-few-reached = Sem todas as pessoas a quem estes e-mails não chegam, a publicação não pode obter as aprovações de que precisa.
tell-the-team = Avise já a equipe responsável pelo pipeline. Ela pode mandar consertar a caixa de correio e enviar o e-mail de novo, ou decidir na AWS. Se lhe foi pedida uma decisão, os links do seu e-mail anterior funcionam até { $until }.
