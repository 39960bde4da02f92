'use client';

import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import type { Question } from '../runs/page-cells.ts';

/** `input()` and `getpass()` of a running cell. */
export function InputPrompt({ question }: { question: Question }) {
  const [text, setText] = useState('');
  return (
    <form
      className="nb-prompt"
      onSubmit={(event) => {
        event.preventDefault();
        question.answer(text);
      }}
    >
      <label>
        <span>{question.prompt || 'Your code asks for input'}</span>
        <input type={question.password ? 'password' : 'text'} value={text} onChange={(event) => setText(event.target.value)} autoFocus autoComplete="off" spellCheck={false} />
      </label>
      <Button type="submit" size="sm" variant="primary">
        Enter
      </Button>
    </form>
  );
}
