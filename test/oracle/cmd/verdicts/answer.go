package main

import "fmt"

// answer is documented in job.ts.
type answer struct {
	ID            string    `json:"id"`
	InvalidConfig string    `json:"invalidConfig,omitempty"`
	Refused       []refusal `json:"refused"`
	Ignored       []ignored `json:"ignored"`
	Answers       []ends    `json:"answers"`
}

// refusal is a policy that the agent does not accept, and why.
type refusal struct {
	Policy int    `json:"policy"`
	Error  string `json:"error"`
}

// ignored is a policy of a kind that the agent does not watch, and the configuration key that decides it.
type ignored struct {
	Policy int    `json:"policy"`
	Key    string `json:"key"`
}

// ends holds the verdict at each end that Cilium enforces; an end that it does not enforce is absent.
type ends struct {
	Egress  *verdict `json:"egress,omitempty"`
	Ingress *verdict `json:"ingress,omitempty"`
	// Dropped is the configuration key without which the datapath drops the protocol.
	Dropped string `json:"dropped,omitempty"`
}

type verdict struct {
	Allowed bool `json:"allowed"`
	// Audited says that the policies deny it and the audit mode allows it.
	Audited bool `json:"audited,omitempty"`
	// Redirect is the parser that traffic is redirected to: "", "http", "dns", "tls" or "crd".
	Redirect string `json:"redirect,omitempty"`
	// Auth says that the traffic must be authenticated first.
	Auth string `json:"auth,omitempty"`
	// Origins are the policies whose rules made the policy map entry, and rules of Cilium's own.
	Origins []origin `json:"origins,omitempty"`
	// Error is why the endpoint's policy could not be computed; the agent then keeps the previous one.
	Error string `json:"error,omitempty"`
}

// end is one side of a question: the subject whose policy is asked, and its peer.
type end struct {
	question      int
	egress        bool
	subject, peer peer
}

func (j job) answer() (answer, error) {
	result := answer{ID: j.ID, Refused: []refusal{}, Ignored: []ignored{}, Answers: []ends{}}
	agent, err := configureAgent(j)
	if err != nil {
		result.InvalidConfig = err.Error()
		return result, nil
	}
	services, err := newServiceTables(j.Inventory)
	if err != nil {
		return result, err
	}
	var policies []imported
	policies, result.Refused, result.Ignored = importAll(j.Policies, agent, services)

	result.Answers = make([]ends, len(j.Questions))
	for view, asked := range j.endsByView() {
		if err := j.judge(view, policies, asked, result.Answers); err != nil {
			return result, err
		}
	}
	for i, q := range j.Questions {
		if a := &result.Answers[i]; a.Egress != nil || a.Ingress != nil {
			a.Dropped = droppedWithout(q)
		}
	}
	return result, nil
}

// endsByView sorts the ends of the questions by the agent that judges them.
func (j job) endsByView() map[view][]end {
	directory := newDirectory(j.Inventory)
	byView := map[view][]end{}
	for i, q := range j.Questions {
		for _, e := range []end{{i, true, q.Source, q.Destination}, {i, false, q.Destination, q.Source}} {
			v := directory.viewOf(e)
			byView[v] = append(byView[v], e)
		}
	}
	return byView
}

// judge answers the ends of one view. The labels of the local host are global to a process, so views take their turns.
func (j job) judge(v view, policies []imported, asked []end, answers []ends) error {
	w, err := newWorld(j.Inventory, v, policies)
	if w != nil {
		defer w.close()
	}
	if err != nil {
		return err
	}
	for _, e := range asked {
		verdict, err := w.ask(e, j.Questions[e.question])
		if err != nil {
			return fmt.Errorf("question %d: %w", e.question, err)
		}
		if e.egress {
			answers[e.question].Egress = verdict
		} else {
			answers[e.question].Ingress = verdict
		}
	}
	return nil
}
